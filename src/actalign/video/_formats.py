"""What FFmpeg may open: an allow-list of containers and protocols that replaces FFmpeg's own.

It leaves out formats that open other files or addresses (playlists, `concat`, `vobsub`, scripts),
draw text as pictures, or read devices.
"""

from __future__ import annotations

VIDEO = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,asf_o,flv,live_flv,ogg,gif,apng,mxf,gxf,"
    "nut,rm,ivf,h264,hevc,vvc,evc,avs,avs2,avs3,av1,obu,m4v,mjpeg,mjpeg_2000,dv,yuv4mpegpipe,"
    "wtv,dnxhd,vc1,vc1test,h261,h263,cavsvideo,dirac,amv,swf,nsv,roq,flic,bink,smk,film_cpk,"
    "4xm,r3d,mtv,thp,lmlm4,ty,pva,dhav,iff,filmstrip,mlv,cine,smjpeg,xmv,usm,vividas,rpl,"
    "moflex,apv,nuv,ifv,kux,pmp,vivo,wc3movie,dxa,ea,idcin,ipmovie,mv,mvi,anm,cdxl,bfi,c93,"
    "bethsoftvid,dsicin,jv,paf,yop,hnm,avr,mm,tmv,vmd,ipu,wsvqa,tiertexseq,ingenient,ser,fits,"
    "ico,jpegxl_anim,webp,webp_anim,rawvideo,v210,v210x,bitpacked"
)
SOUND = (
    "wav,w64,mp3,aac,flac,aiff,ac3,eac3,au,caf,amr,ape,wv,tta,dts,dtshd,truehd,mlp,voc,mpc,mpc8,aax"
)
"""Opened only to report that there is sound but no picture."""
IMAGES = (
    "image2,image2pipe,bmp_pipe,dds_pipe,dpx_pipe,exr_pipe,gif_pipe,hdr_pipe,j2k_pipe,"
    "jpeg_pipe,jpegls_pipe,jpegxl_pipe,jpegxs_pipe,pam_pipe,pbm_pipe,pcx_pipe,pfm_pipe,"
    "pgm_pipe,pgmyuv_pipe,phm_pipe,png_pipe,ppm_pipe,psd_pipe,qoi_pipe,sgi_pipe,sunrast_pipe,"
    "tiff_pipe,webp_pipe,xbm_pipe,xpm_pipe,xwd_pipe"
)
STREAMS = "hls,dash,rtsp,sdp,rtp,sap,mpjpeg"
PROTOCOLS = (
    "http,https,httpproxy,tls,tcp,udp,udplite,rtp,srtp,rtsp,rtmp,rtmpe,rtmps,rtmpt,rtmpte,"
    "rtmpts,ffrtmphttp,ffrtmpcrypt,srt,rist,mmsh,mmst,ftp,crypto,data"
)


def file_options() -> dict[str, str]:
    """PyAV's container options for a file: it opens exactly that file and nothing else."""
    return {
        "protocol_whitelist": "file",
        "format_whitelist": f"{VIDEO},{SOUND},{IMAGES}",
        "pattern_type": "none",  # f%d.png and a*.png are the names of files
    }


def stream_options(address: str, *, any_format: bool) -> dict[str, str]:
    """The same for an address or a device that the user names; an address can't lead to a file.

    any_format: the user has named the format too.
    """
    scheme, _, rest = address.partition("://")
    local = not rest or scheme == "file"
    options = {"protocol_whitelist": "file" if local else f"{scheme},{PROTOCOLS}"}
    if not any_format:
        options["format_whitelist"] = f"{VIDEO},{SOUND},{IMAGES},{STREAMS}"
    return options
