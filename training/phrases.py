# ruff: noqa: E501 (one wording a line)
"""Wordings of the codes in `captions`, in a small grammar.

(a|b|) is a choice; [arm] is a noun of the code's side: "left arm", "the right arm", "both arms",
"one arm" ([arms] is the same, [other arm] the other side's). A line that starts with "§" is held
out: never used for training, only to test on wordings that were not seen.
"""

from __future__ import annotations

# One line is one wording; the keys are the names of the codes without their side.
PHRASES: dict[str, str] = {
    "upright": """(torso|trunk|upper body|back|body|chest) (upright|vertical|erect|straight up)
(tall|upright|erect) (posture|torso|trunk|stance)
(chest|torso) (up|lifted|tall)(| and proud)
back straight and (vertical|upright)
keeping the (spine|back) (tall|long and upright)
§ holding (himself|herself) upright""",
    "lean_forward": """(torso|trunk|upper body|chest|body) (leaning|inclined|tilted|angled) (forward|forwards)
(leaning|bending|inclined) (slightly |)forward(| at the hips| from the hips| over the legs)
(forward|slight forward) (lean|tilt|incline)(| of the torso)
chest (dropped|angled|leaning) toward the thighs
(hips pushed back|hips back), (torso|chest) (leaning|inclined) forward
§ trunk tipped ahead of the hips""",
    "hinge": """(hinged|bent|hinging|bending) (forward |)at the (hips|waist)(| with a flat back)
(torso|back|trunk|upper body) (nearly |almost |)(parallel to the (floor|ground)|horizontal), (hips back|standing bent over)
bent over at the hips
(hips pushed back|hips driven back|hips pushed far back), (torso|chest) (lowered|leaning far forward|toward the floor)
(bent-over|bent over) position
flat back, (body|torso) folded to (a right angle|horizontal)
§ upper body tipped until it is level with the floor""",
    "fold": """(folded|folding|bent|bending) (all the way |deeply |)forward (over the legs|from the hips|at the waist)
(torso|upper body) (folded|draped|hanging) (over|down over) (the |)(legs|thighs|straight legs)
(standing |deep |)forward fold
head (hanging down|down toward the knees|toward the shins|down), hips (high|up)
chest (close|pressed|pulled|dropped) to the (thighs|legs)
§ upper body hanging upside down from the hips""",
    "lean_back": """(torso|upper body|body|trunk) (leaning|tilted|reclined) (back|backward|backwards)
leaning (back|backwards)(| slightly)
(back arched|arching back|slight backbend)
(reclining|reclined) (torso|position)
§ shoulders behind the hips""",
    "lean_side": """(torso|upper body|body|trunk) (leaning|bent|tilted|bending) to [the side]
(side bend|side lean|lateral bend) to [the side]
bending sideways to [the side]
(leaning|tilting) over to [the side]""",
    "twist": """(torso|upper body|chest|shoulders|trunk) (twisted|turned|rotated) to [the side]
(twisting|rotating|turning) the (torso|upper body|shoulders|waist) to [the side]
(spinal |)twist to [the side]
(shoulders|chest) rotated away from the hips, to [the side]
§ ribcage wrung round to [the side]""",
    "horizontal": """(body|torso|trunk) (horizontal|parallel to the (floor|ground)|level with the floor)
(body|torso) in a horizontal position
(trunk|torso) flat, parallel to the ground""",
    "face_down": """(chest|face|body|stomach|belly) (facing|toward|towards) the (floor|ground)
(face down|facing down|prone)
(front of the body|chest) turned to the floor
looking down at the floor, body horizontal
§ belly-side down""",
    "face_up": """(chest|face|body|stomach) (facing|toward|towards) the (ceiling|sky)
(face up|facing up|supine)
(front of the body|chest) turned to the ceiling
looking up at the ceiling, body horizontal
§ belly-side up""",
    "lying_back": """(lying|lies|laid) (flat |)on (the|your|his|her) back
lying (face up|supine)(| on the (floor|ground|mat|bench))
(back|shoulders|upper back) (flat |resting |pressed |)on the (floor|ground|mat|bench)
supine (on the (floor|mat|bench)|position)
reclined on the (mat|bench|floor), (facing up|face up)
(back|shoulder blades) against the (bench|pad|mat)
§ stretched out on the back""",
    "lying_front": """(lying|lies) (flat |)on (the|your|his|her) (stomach|belly|front)
lying (face down|prone)(| on the (floor|ground|mat))
(belly|stomach|chest|hips) (flat |resting |)on the (floor|ground|mat)
prone (on the (floor|mat)|position)
§ flat out on the tummy""",
    "lying_side": """(lying|lies|resting) on [the side] side
[the side] (hip|side of the body) on the (floor|ground|mat)
side-lying (position|on the mat)
stretched out on [the side] side""",
    "side_facing_ground": """(body|torso) turned sideways, [the side] side toward the (floor|ground)
(body|hips|shoulders) stacked, [the side] side down
sideways to the floor, [the side] side below""",
    "inverted": """upside down
(body|legs) (inverted|upside down), feet above the head
feet (in the air|up in the air|toward the ceiling), head (down|near the floor)
(inverted position|inversion)
legs (straight |)up toward the (sky|ceiling), balancing upside down
§ turned on the head, feet on top""",
    "head_below_hips": """head (below|lower than) the hips
hips (higher than|above) the (head|shoulders)
head (hanging|dropped) (down|low)
upper body lower than the hips
§ hips are the highest part, head lowered""",
    "standing": """(standing|stands) (tall|upright|straight|erect|)
(standing|stand) (position|posture|start position)
in a standing position
on (the|both) feet, (legs straight|standing tall)
(stand|standing) with (straight legs|legs straight|legs extended)
the (athlete|person|player|dancer|man|woman|performer) (stands|is standing)(| upright| tall)
(back at the top, standing|standing at full height|fully standing)
§ up on two feet at full height""",
    "squat_low": """(deep|low|full) squat
(squatting|crouching) (deep|low|down low|deeply|)
(hips|bottom|buttocks|glutes) (below|down to|at|lowered to) (parallel|knee level|knee height)
(bottom|lowest point) of the squat
(sitting|sat) (down |)(low|deep) into (a|the) squat
hips (lowered|sunk|dropped) (close to the (floor|heels)|between the (heels|knees)|deep)
(crouched|crouching) (down|low to the ground)
§ haunches near the heels""",
    "half_squat": """(half|partial|shallow|quarter) squat
(knees bent|both knees bent) in a (half squat|crouch|semi-squat|athletic stance|low stance)
(hips lowered|hips dropped|sinking down) (slightly|partway|half way|), knees bent
(athletic|ready) (stance|position), knees (bent|flexed)
knees (bent|flexed), hips (pushed back|back|sent back|lowered)
(sitting|sat) back (as if into|toward|like into) a chair
(low|lowered) (center of gravity|stance)(|, knees bent)
§ weight sunk into bent legs""",
    "sit_chair": """(seated|sitting)(| on a (bench|chair|seat|box))
(seated|sitting) (upright|tall) (with|,) (knees bent|feet on the floor)
(thighs|upper legs) (horizontal|parallel to the floor), (seated|sitting)
(hips and knees|knees and hips) (bent|at) (at right angles|90 degrees)
in a (seated|sitting) position
back against the (pad|backrest), seated
§ perched on a seat""",
    "sit_floor": """(sitting|seated|sits) on the (floor|ground|mat)
(seated|sitting) (position |)(on the mat|on the ground|on the floor)
(hips|buttocks|bottom|seat|sit bones) on the (floor|ground|mat), torso upright
§ down on the bottom""",
    "long_sit": """(sitting|seated) with legs (straight|extended|stretched out)( in front| forward|)
legs (straight|extended|stretched) (out |)(in front|forward) on the (floor|mat), seated
long sitting
sitting on the (floor|mat), legs straight""",
    "cross_legged": """(sitting|seated) (cross-legged|with crossed legs|with legs crossed|with folded legs)
(cross-legged|easy seat|lotus) (position|pose|sitting)
legs (crossed|folded), sitting on the (floor|mat)
(shins crossed|feet together), knees (out wide|open to the sides), sitting
§ sitting with the ankles tucked under the knees""",
    "kneel_both": """(kneeling|kneels) (on both knees|on the floor|upright|)
both knees on the (floor|ground|mat), torso upright
on (the|both) knees
(kneeling|kneel) (position|tall)
§ resting on the kneecaps""",
    "sit_on_heels": """(sitting|hips|buttocks|seated|glutes) (back |)(on|resting on|down on|toward) the heels
kneeling with (hips|buttocks) (on|to) the heels
hips (back |)to heels(|, knees folded)
knees (fully |)folded under the body""",
    "kneel_one": """(kneeling|down) on [knee]
[knee] (on|resting on|touching) the (floor|ground|mat), other foot (flat|planted)
(half-kneeling|half kneeling) on [knee]
(drop|dropping|dropped) to [knee]""",
    "all_fours": """(on|position on) (all fours|hands and knees)
(hands and knees|palms and knees) on the (floor|ground|mat)
(tabletop|table top|quadruped) (position|)
(kneeling on all fours|hands under shoulders, knees under hips)
§ supported by hands and knees""",
    "plank": """(plank|plank position|high plank|push-up position)
body in a straight line (from (head|shoulders) to (heels|feet|toes)|), (face down|supported on (hands|arms) and toes)
(holding|hold|in) a (plank|straight-body position), (core tight|abs braced|body rigid)
(straight|rigid) body (supported on|over|on) (hands|arms|forearms) and (toes|feet)
(hands|arms) on the (floor|ground), legs (extended|straight) behind, body straight
§ stiff as a board on hands and toes""",
    "body_straight": """(body|whole body) (straight|in a straight line|in one line|fully extended)
(straight line|straight) from (shoulders|head) to (heels|ankles|feet)
hips and knees (fully |)(extended|straight|locked out)
(legs and torso|body) (aligned|in line|straight)
hips (open|extended|locked out)
§ head, hips and feet all in line""",
    "bridge": """(bridge|bridge position|hip bridge|glute bridge)
hips (lifted|raised|pushed|thrust|driven) (up|off the (floor|ground|mat)|high|toward the ceiling)(|, feet on the floor)
(shoulders|upper back) (and feet |)on the (floor|mat), hips (up|raised|lifted)
(belly|pelvis) (lifted|raised) toward the ceiling, knees bent
§ pelvis bridged high between shoulders and feet""",
    "pike_up": """hips (lifted|raised|pushed|pressed) (up |)(high|up|to the sky|toward the ceiling|back and up), hands (and feet |)on the (floor|ground|mat)
(inverted V|upside-down V|inverted v-shape|triangle)(| with the body| shape)
hips (high|up), (arms and legs|legs and arms) straight, (head between the arms|hands on the floor)
(downward dog|down dog|pike) (position|shape|)
§ tailbone to the sky, hands and feet planted""",
    "legs_up": """(legs|both legs|feet) (raised|lifted|up|in the air)(| off the floor)
(feet|legs) (pointing |)(up |)(toward|towards|to) the (ceiling|sky)
legs (raised|lifted) above the (hips|body)
§ soles to the sky""",
    "airborne": """(in the air|airborne|in mid-air|in flight|mid-jump)
(both |)feet (off|leave|leaving|have left) the (ground|floor)
(jumping|leaping|at the top of the jump|peak of the jump)
(suspended|hanging|body) (in the air|off the ground)
§ no contact with the floor""",
    "hanging": """(hanging|suspended) from (a|the) (bar|pull-up bar)
hands gripping (a|the) bar overhead, (feet|body) off the (floor|ground)
body (hanging|hangs) (below|under|from) the bar
§ dangling by the hands""",
    "hands_on_ground": """[hand] (on|planted on|placed on|touching|flat on|pressed into|reaching) the (floor|ground|mat)
[palm] (flat |pressed |)(on|against|into) the (floor|ground|mat)
(supported|supporting|weight) on [hand]
[hand] (down|planted) (beside the feet|under the shoulders|on the ground|on the mat)
§ [fingers] in contact with the ground""",
    "forearms_on_ground": """[forearm] (on|resting on|flat on|pressed into) the (floor|ground|mat)
(resting|supported|propped) on [forearm]
[elbow] on the (floor|ground|mat)""",
    "knee_on_ground": """[knee] (on|resting on|touching|down on|lowered to) the (floor|ground|mat)
[knee] down
[shin] (on|along) the (floor|mat)""",
    "hips_piked": """(piked|folded|jackknifed) at the hips with straight legs
hips (bent|flexed|folded) (to 90 degrees|sharply|), legs straight
(body in|in) (a pike|an L-shape|an L shape|a V shape)
straight legs (close|toward|brought) to the (chest|torso)""",
    "knee_straight": """[leg] (straight|extended|fully extended|locked|stretched)
[knee] (straight|locked|locked out|extended|fully extended)
(straight|straightened|extended) [leg]
[leg] (kept |held |)straight
§ [leg] without a bend at the knee""",
    "knee_soft": """[knee] (slightly|softly|a little|gently) (bent|flexed)
(soft|slight) bend in [knee]
[leg] (almost|nearly) straight
(soft|unlocked) [knees]""",
    "knee_bent": """[knee] (bent|flexed)
[leg] bent(| at the knee)
(bent|flexed) [knee]
(bend|bending) [knee]
§ [knee] in flexion""",
    "knee_right_angle": """[knee] (bent|flexed) (to|at) (90 degrees|a right angle|about ninety degrees)
[knee] (at|bent at) 90 degrees
90-degree bend in [knee]
§ [shin] square to [thigh]""",
    "knee_deep": """[knee] (deeply|fully|sharply|tightly|completely) (bent|flexed)
[heel] (close|near|pulled|tucked) to (the |)(buttocks|glutes|thigh)
[leg] (folded|tucked)(| tightly| in)
(deep|full) bend in [knee]""",
    "thigh_level": """[thigh] (parallel to|level with) the (floor|ground)
[thigh] (horizontal|level)
(thighs reach parallel|upper leg horizontal), [knee] bent""",
    "knee_lifted": """[knee] (lifted|raised|up|driven up|drawn up|pulled up)(| in front| to hip height| to waist height)
(lifting|raising|lift|raise|driving) [knee] (up|in front|toward the chest)
[knee] (up|drive)
[leg] (lifted|raised) with (the |a |)knee bent
§ [knee] hoisted to the waist""",
    "knee_high": """[knee] (high|lifted high|at hip height|above the hip|raised above waist level)
[knee] (pulled|driven|hugged|brought) (up |in |)(to|toward|into) the chest
(high|lifted) [knee]
[thigh] (at or above hip level|lifted above horizontal)""",
    "foot_lifted": """[foot] (off|lifted off|raised off|leaves) the (floor|ground|mat)
[foot] (lifted|raised|in the air)
[leg] (lifted|raised|off the ground|up|in the air)
(lift|lifting|raising) [foot]""",
    "one_leg_stand": """(standing|balancing|balanced|balance) on [leg]
weight on [leg], [other foot] off the (floor|ground)
[leg] (supporting|planted|standing)(|, other leg lifted)
(single-leg|one-legged) (stance|stand|balance) on [foot]
§ [leg] carries all the weight""",
    "leg_front": """[leg] (raised|lifted|extended|kicked|stretched|held) (in front|forward|to the front|out in front)
[foot] (out |)in front, off the ground
(straight|extended) [leg] (forward|in front)
[leg] (swung|kicking) (forward|up in front)""",
    "leg_back": """[leg] (raised|lifted|extended|kicked|stretched|reaching|trailing) (behind|back|backward|to the back)
[foot] (behind the body|lifted behind|off the ground behind)
[leg] (swung|kicking|extending) (back|backward|straight back)
§ [leg] lifted rearward""",
    "leg_side": """[leg] (raised|lifted|extended|kicked|stretched) (to the side|sideways|out to the side|laterally)
[foot] off the ground, out to the side
(abducted|side-lifted) [leg]
§ [leg] carried out sideways""",
    "leg_level": """[leg] (raised|lifted|held|extended) (to|at) hip (height|level)
[leg] (horizontal|parallel to the (floor|ground))
[foot] at hip height""",
    "foot_high": """[foot] (lifted|kicked|raised|) (to|at|as high as) (shoulder|head|chest) (height|level)
[leg] (kicked|raised|lifted) (very |)high
(high kick|high leg) with [leg]
[foot] above the (waist|chest|shoulder)""",
    "heel_to_glute": """[heel] (to|toward|near|pulled to|kicked to) the (buttock|glute|buttocks|glutes)
[leg] bent (back|behind), heel (up|toward the seat)
[shin] folded back behind the body""",
    "tiptoe": """[heel] (raised|lifted|off the (floor|ground))
(on|standing on|rising onto|up on) (the |)(toes|tiptoes|tiptoe|balls of the feet)
(relevé|tiptoe|calf raise position)
§ [foot] only touching with the toes""",
    "feet_together": """feet (together|close together|side by side|touching)
(legs|feet|ankles) (together|closed)
heels together
§ no gap between the feet""",
    "feet_hip_width": """feet (hip-width|shoulder-width|hip width|shoulder width) apart
feet (about |)(under the hips|under the shoulders)
(parallel feet|feet parallel)""",
    "feet_wide": """feet (wide|wide apart|spread wide|far apart|wider than the (hips|shoulders))
(wide|straddle|sumo) stance
legs (wide|apart|spread|wide apart|open|straddled)
(legs spread|feet planted wide) to the sides
§ a broad base, legs far apart""",
    "foot_ahead": """[foot] (in front|forward|ahead), [other foot] (back|behind)
[leg] (forward|in front), [other leg] (back|behind)
(staggered|split|split stance|striding) (stance|position), [foot] (forward|in front)
(stepping|step|steps|stepped) forward with [foot]
(stepping|step|stepped) back with [other foot]
§ [foot] leads, [other foot] trails""",
    "lunge": """(lunge|lunging|deep lunge|forward lunge)(| position), [leg] (forward|in front)
[knee] (bent|bent deeply) in front, [other leg] (extended|stretched|reaching) (back|behind)
(lunging|lunge) forward (on|with|onto) [leg]
(front|leading) knee bent, (back|rear) leg (extended|stretched back|behind)
[foot] stepped far forward, (hips low|front knee over the ankle)
(split stance|lunge), front thigh (lowered|toward parallel)
§ [leg] out ahead in a long low stride""",
    "side_lunge": """(side lunge|lateral lunge) (to|onto|on) [leg]
[knee] bent, [other leg] (straight|extended) (out |)to the side
(weight|hips) shifted (over|onto) [leg], [other leg] straight
wide stance with [knee] bent""",
    "knees_out": """knees (out|apart|wide|open|pushed out|turned out|spread)
knees (out to the sides|pushed outward|tracking wide)
(thighs|knees) (opened|open) wide""",
    "legs_crossed": """(legs|ankles|feet) crossed
one (leg|foot|ankle) crossed (over|in front of|behind) the other
legs (crossing|wrapped)""",
    "arm_down": """[arm] (by|at|down by|hanging at|along|relaxed at) (the side|the sides|your sides|the body)
[arm] (down|hanging|hanging down|lowered|relaxed)
[hand] (by|at) the (thigh|thighs|side|sides|hip|hips)
[arm] (straight down|hanging straight)
§ [arm] dangling beside the body""",
    "arm_overhead": """[arm] (overhead|above the head|up overhead|raised overhead|stretched overhead|extended overhead|reaching overhead)
[arm] (up|raised|lifted|reaching up|straight up|stretched up)
[hand] (overhead|above the head|reaching up|high in the air|stretched to the sky)
(reach|reaching|raise|raising) [arm] (overhead|up high|to the sky|toward the ceiling)
[arm] by the ears
[arm] locked out overhead
§ [arm] aloft beside the ears""",
    "arm_front": """[arm] (forward|in front|straight ahead|out in front|extended forward|reaching forward|stretched forward|extended in front of the chest)
[arm] (raised|lifted|held) (in front|to the front|forward|at shoulder height in front)
[hand] (reaching forward|out in front|extended forward)
(reach|reaching|extending) [arm] (forward|out in front|straight ahead)
[arm] straight (in front of|out from) the (chest|shoulders)
§ [arm] held out before the chest""",
    "arm_out": """[arm] (out to the side|out to the sides|to the side|to the sides|sideways|extended sideways|out wide|stretched wide|spread wide)
[arm] (raised|lifted|held) (to the side|to the sides|sideways|laterally)(| at shoulder height| to shoulder level)
(T-shape|T position) with [arm] (out|extended)
[hand] (out wide|wide at shoulder height)
§ [arm] like a wing""",
    "arm_back": """[arm] (behind|back|extended back|behind the body|swung back|stretched behind|reaching back|drawn back)
[hand] (behind the (body|hips|back)|back behind)
(swing|reaching|extending) [arm] (back|behind)
§ [arm] rearward of the trunk""",
    "arm_diagonal": """[arm] (up and out|diagonally up|raised diagonally|up in a V|raised in a V)
[arm] (high and wide|lifted above shoulder height to the side|up at an angle)
(V shape|V) with [arm]""",
    "arm_across": """[arm] (across the (body|chest|torso)|crossing the body|crossed in front)
[hand] (across the (body|chest|midline)|on the opposite side of the body)
(reaching|crossing) [arm] across (the body|to the other side)""",
    "arm_skyward": """[arm] (pointing up|straight up|vertical|reaching to the ceiling|extended toward the ceiling|pressed up)
[hand] (pressed up|straight up|directly above the shoulder)(| over the (chest|shoulders))
[arm] (extended|locked out|straight) (above|over) the (chest|shoulders)
(weight|bar|dumbbells|hands) (pressed up|held up|at arm's length) above the (chest|shoulders)""",
    "arm_hanging": """[arm] (hanging|hanging straight|reaching|extended|straight) (down|down toward the floor|toward the ground)
[hand] (hanging|reaching) (below|straight below) the (shoulder|shoulders)
[arm] (vertical|straight), hands below the shoulders
[arm] straight under the (shoulder|shoulders)""",
    "elbow_straight": """[arm] (straight|extended|fully extended|locked out|locked|straightened)
[elbow] (straight|extended|locked|fully extended)
(straight|extended|outstretched) [arm]
[arm] (held |kept |)straight
§ [arm] without a bend at the elbow""",
    "elbow_soft": """[elbow] (slightly|softly|a little) bent
(soft|slight) bend in [elbow]
[arm] (almost|nearly) straight
(rounded|soft|gently curved) [arms]""",
    "elbow_bent": """[elbow] (bent|flexed)
[arm] bent(| at the elbow)
(bent|flexed) [elbow]
(bend|bending) [elbow]
§ [elbow] in flexion""",
    "elbow_right_angle": """[elbow] (bent|flexed) (to|at) (90 degrees|a right angle|about ninety degrees)
[elbow] at 90 degrees
90-degree angle at [elbow]
(forearms perpendicular to the upper arms|right angle between upper arm and forearm), [elbow] bent""",
    "elbow_tight": """[elbow] (fully|tightly|sharply|deeply|completely) (bent|flexed)
[forearm] folded (up |)against the upper arm
[arm] (tightly |fully |)folded(| in)
[hand] (curled|brought|pulled) (up |)close to the (shoulder|shoulders)""",
    "elbow_tucked": """[elbow] (tucked|pinned|held|close|glued|kept close|tight) (to|against|at|by) the (side|sides|ribs|body|torso)
[elbow] bent (by|at) the (side|sides|waist)
(upper arms|elbows) (still|fixed|pinned) at the sides, forearms (bent|lifted|forward)
[elbow] (close to|near) the body
§ [elbow] hugging the ribcage""",
    "elbow_out": """[elbow] (out|flared|flared out|wide|out to the sides|out to the side|pointing outward|lifted to the side)
[elbow] (raised|held) (out|to the sides) at shoulder (height|level), bent
[upper arm] (out to the side|wide), elbow bent
§ [elbow] winged outward""",
    "elbow_front": """[elbow] (in front|forward|pointing forward|lifted in front|raised in front of the (body|chest))
[upper arm] (forward|in front|horizontal in front), elbow bent
[elbow] (up and forward|at shoulder height in front)""",
    "elbow_back": """[elbow] (back|behind the body|pulled back|drawn back|driven back|pointing back|past the (torso|ribs))
(pulling|drawing|row|rowing) [elbow] (back|behind)
[elbow] bent behind the (back|body|torso)
(shoulder blades squeezed|shoulder blades together), [elbow] back
§ [elbow] hauled rearward""",
    "elbow_high": """[elbow] (high|up|above the shoulder|pointing up|pointing to the ceiling|raised high|lifted by the head)
[elbow] bent (above|beside|next to|behind) the head
[upper arm] (beside the head|raised overhead), elbow bent
[hand] (behind the head|dropped behind the head), elbow up""",
    "goalpost": """[arm] in (a goalpost|a cactus|a goal post|an L) (shape|position)
[elbow] bent 90 degrees, (forearm|forearms) (vertical|pointing up), (upper arms|elbows) at shoulder height
(hands up|forearms up), [elbow] out (at|to) shoulder (height|level)
[elbow] under the (wrist|wrists), bent at right angles""",
    "hand_shoulder": """[hand] (at|near|by|beside|next to|in front of|to) the (shoulder|shoulders)
[hand] (at|up to) shoulder (height|level), elbow bent
[fist] (at|by) the shoulders
(bar|dumbbell|dumbbells|weight) (at|resting on|up to|near) the (shoulder|shoulders)
§ [hand] level with the collarbone""",
    "hand_chest": """[hand] (at|near|in front of|to|close to|by) the (chest|sternum|breastbone)
[hand] (held|brought|drawn in|pulled) (in front of|to|close to) the chest
(ball|bar|weight|hands) (at|near|held at|against|touching) the (chest|chest level)
§ [hand] by the breastbone""",
    "hand_hip": """[hand] on (the |your |)(hip|hips|waist)
[hand] (resting |placed |)on (the |)(hip|hips|waist)
(akimbo|hands-on-hips), [hand] on hip
§ [hand] propped on the waist""",
    "hand_behind_head": """[hand] (behind|clasped behind|at the back of) (the |your |)(head|neck)
[hand] (laced|interlocked) behind the head, elbows out
[fingers] at the back of the head""",
    "hand_face": """[hand] (at|near|in front of|up by|guarding|by) the (face|chin|cheek|mouth|head|forehead)
[fist] (up|raised) (by|in front of|protecting) the (chin|face|head)
(guard|hands) up (near|by) the (face|chin), [hand] high
§ [hand] shielding the face""",
    "hand_knee": """[hand] (on|to|near|at|touching|resting on) the (knee|knees|thigh)
[hand] (placed|pressed) on the (knee|knees)
[hand] at knee (height|level)
holding the (knee|knees|leg) with [hand]""",
    "hand_foot": """[hand] (on|to|at|touching|reaching|holding|grabbing) the (foot|feet|ankle|ankles|toes)
(touch|touching|reach|reaching for|grabbing) the (toes|feet|ankles) with [hand]
[hand] near the feet""",
    "hand_above_head": """[hand] (above|over|higher than|lifted above) the head
[hand] (high|up high|raised high)
(ball|bar|weight|racket|hands) (raised|held|up|lifted|high) (above|over) the head, [hand] up
§ [hand] higher than the crown""",
    "hand_shoulder_height": """[hand] (at|raised to|lifted to|at about) shoulder (height|level)
[hand] level with the (shoulder|shoulders)
[arm] (up |raised |)to shoulder height""",
    "hand_waist_height": """[hand] (at|in front of|near|around) (the |)(waist|waist level|waist height|hip height|belly|stomach)
[hand] (low|held low), in front of the (hips|waist|belly)
(bar|ball|weight|hands) at (waist|hip) (level|height)""",
    "hand_low": """[hand] (low|near the floor|near the ground|below the knees|reaching down|down by the (shins|ankles))
(reaching|reach|lowering) [hand] (down |)(toward|to) the (floor|ground|shins|feet)
(bar|ball|weight|hands) (near|close to|at|below) (the |)(shins|floor|knees), [hand] low
§ [hand] dropped past the knees""",
    "hand_behind_back": """[hand] behind (the |your |)(back|hips|lower back)
[hand] clasped behind the back
[hand] (tucked|held) behind""",
    "hands_together": """(hands|palms|fists|both hands) (together|clasped|joined|touching|pressed together|close together)
hands (clasped|joined|gripping together)(| in front)
palms (together|touching|meeting)
§ fingers interlaced""",
    "hands_wide": """hands (wide|wide apart|far apart|spread wide)
(wide|broad) (grip|arm span|reach)
arms (spread|stretched wide|opened wide|wide open)
hands (well |)outside the shoulders""",
    "hands_shoulder_width": """hands (shoulder-width apart|shoulder width apart|under the shoulders|at shoulder width)
arms parallel(|, shoulder-width apart)
(both hands|hands) (in line with|level with|directly in front of) the shoulders""",
    "hips_rise": """(hips|pelvis|body) (rising|lifting|going up|moving up|driving up)
(rising|pushing|coming|driving|standing|pressing) (back |)up
(raise|raises|lift|lifts|drive|drives) the (hips|body) (up|upward)
(rises|stands up|pushes up|presses up|ascending|ascends|on the way up)
the (body|athlete|person) (rises|moves upward|comes up)
pushing through the (heels|feet) (to stand|to rise|upward)
§ travelling upward""",
    "hips_drop": """(hips|pelvis|body) (lowering|dropping|sinking|going down|moving down|descending)
(lowering|sinking|descending|dropping|going|bending) down
(lower|lowers|drop|drops|sink|sinks) the (hips|body)( down| toward the floor|)
(lowers|squats down|sits back|descends|on the way down)
the (body|athlete|person) (lowers|sinks|moves downward|goes down)
(hips|bottom) (sinking|moving) (back and down|toward the floor)
§ travelling downward""",
    "jump_up": """(jumping|jumps|leaping|leaps|jump) (up|off the ground|upward|)
(explosive|exploding|explodes|explode|springing) (jump|up|upward|off the floor)
(taking off|take-off|pushing off) (the ground|into the air|from the floor)
(launch|launching) (into the air|upward)
§ springs off the floor""",
    "landing": """(landing|lands|land)(| softly| on the feet| with bent knees| from the jump| back on the ground)
(coming|falling|dropping) (back |)down (from|after) (the|a) jump
(absorbing|absorb) the landing""",
    "chest_rise": """(chest|torso|upper body|shoulders) (rising|lifting|coming up|moving up|going up)
(lift|lifting|raise|raising|lifts|peel|pull) the (chest|shoulders|upper body|torso)( up| off the floor|)
(pressing|pushing|pulling) the (body|chest|torso) (up|away from the floor)
(push|pushing|press|presses) (back |)up
§ breastbone travelling upward""",
    "chest_drop": """(chest|torso|upper body|shoulders) (lowering|dropping|going down|sinking)(| toward the floor)
(lower|lowering|lowers|bring|bringing) the (chest|body|torso|upper body) (down|toward the floor|to the floor|to the ground)
the (chest|body) (moves|comes) (down|toward the ground)
(lowering|lowers) (the body |)with control
§ breastbone travelling downward""",
    "knee_extend": """[knee] (extending|straightening)
(extend|extending|extends|straighten|straightening|straightens) [leg]
(extend|straightening) [knee]
(push|pushing|driving|kicking) through [leg]
§ opening [knee]""",
    "knee_flex": """[knee] (bending|flexing)
(bend|bending|bends|flexing) [knee]
(pulling|drawing|bringing|tuck|folding) [leg] in
(curling|bend) [leg]
§ closing [knee]""",
    "elbow_extend": """[elbow] (extending|straightening)
(extend|extending|extends|straighten|straightening|straightens) [arm]
(press|pressing|push|pushing|presses) (up|away|out|down|forward) (with|through) [arm]
(pushing|pressing) [hand] (away|up|out)
(press|pushing|extend) the (bar|weight|dumbbells|handles|ball)( up| away| forward| down|) with [arm]
§ opening [elbow]""",
    "elbow_flex": """[elbow] (bending|flexing)
(bend|bending|bends|flex|flexing|fold) [elbow]
(curl|curling|curls|pulling|bringing) [hand] (up|in|toward the (shoulder|shoulders|body))
(pull|pulling|draw|drawing|curling) the (bar|weight|dumbbells|handles|rope)( up| in| toward the body|) with [arm]
(lowering by bending|bending) [elbow]
§ closing [elbow]""",
    "arm_raise": """[arm] (rising|lifting|going up|coming up|moving up|swinging up)
(raise|raising|raises|lift|lifting|lifts|bring|sweep|swing|swinging) [arm] (up|upward|)
(raise|lifting) [arm] (overhead|to the sides|forward|away from the body)
§ hoisting [arm]""",
    "arm_lower": """[arm] (lowering|coming down|going down|dropping|moving down)
(lower|lowering|lowers|bring|bringing|drop|swing) [arm] (down|back down|to the sides)
[arm] (returning|return) (to the sides|down|to the start)
§ letting [arm] descend""",
    "hand_forward": """[hand] (moving|going|reaching|pushing|swinging) forward
(push|pushing|reach|reaching|thrusting|swing|swinging) [arm] (forward|out in front|away from the body)
[arm] (swinging|driving|extending) forward""",
    "hand_backward": """[hand] (moving|going|pulling|drawing|swinging) back
(pull|pulling|draw|drawing|swing|swinging|retract) [arm] (back|backward|toward the body|behind)
[arm] (swinging|driving|pulling) back""",
    "hand_inward": """[hand] (moving|coming|swinging|sweeping) (in|inward|across|together|toward the middle)
(bring|bringing|sweep|swinging|squeezing) [arm] (in|inward|across the body|together)
(closing|hugging) [arm] inward""",
    "hand_outward": """[hand] (moving|going|swinging|sweeping|opening) (out|outward|apart|to the side)
(open|opening|sweep|swinging|spread|spreading) [arm] (out|outward|wide|to the side|to the sides)""",
    "strike": """(punching|striking|throwing|hitting|punch|jab) with [arm]
[arm] (shoots|snaps|thrusts|fires|extends) out (fast|quickly|explosively|)
(throwing|hitting|striking|spiking) (motion |)with [arm]
(fast|explosive|powerful) (extension|thrust|release) of [arm]
(release|releasing|throw) (the ball|) with [hand]""",
    "swing_fast": """(swinging|whipping|swing|sweeping) [arm] (fast|quickly|powerfully|)
[arm] (moving|swinging|whipping) (fast|quickly|rapidly|at speed)
(fast|quick|powerful|vigorous) (swing|stroke|movement) of [arm]
(swing|swings) the (bat|racket|club|arm) with [arm]""",
    "foot_up": """[foot] (lifting|rising|leaving the (floor|ground)|coming up|going up)
(lift|lifting|lifts|raise|raising|pick up|picking up) [foot]
(lift|lifting|raising|kick|swing|swinging) [leg] (up|off the (floor|ground))
§ [foot] peels off the floor""",
    "foot_down": """[foot] (lowering|coming down|stepping down|going down|landing)
(lower|lowering|place|placing|put|putting|stepping) [foot] (down|back down|on the (floor|ground))
(lower|lowering|bring|returning) [leg] (down|back down)""",
    "leg_swing_forward": """[leg] (swinging|moving|driving|coming) (forward|through|to the front)
(swing|swinging|drive|driving|kick|kicking|step|stepping|bring) [leg] (forward|through|in front)
[foot] (steps|stepping|swings|kicks) forward""",
    "leg_swing_back": """[leg] (swinging|moving|driving|going|stepping) (back|backward|behind)
(swing|swinging|kick|kicking|step|stepping|extend|draw) [leg] (back|backward|behind)
[foot] (steps|stepping|swings|slides) back""",
    "kick": """(kicking|kick|kicks) with [leg]
[leg] (kicks|kicking|snaps|whips|swings) (up|out|forward|fast|through the ball)
(fast|powerful|snapping|explosive) kick (with|of) [leg]
[foot] (strikes|kicking|swinging fast)""",
    "leg_out": """[leg] (moving|opening|going|stepping|swinging) (out|outward|to the side|sideways)
(step|stepping|open|opening|swing|kick|jump) [leg] (out|wide|to the side)""",
    "leg_in": """[leg] (moving|closing|coming|stepping|swinging) (in|inward|back to the middle)
(step|stepping|close|closing|bring|swing) [leg] (in|back in|together)""",
    "running_legs": """(running|jogging|sprinting|runs|striding|run)
legs (alternating|cycling|pumping|scissoring|moving past each other)
(running|walking) (stride|gait|strides)
(legs|feet) (switching|swapping|driving) (quickly |)(one after the other|in turn|back and forth)
(taking steps|stepping|walking) (forward|with alternating legs)""",
    "bend_over": """(bending|leaning|folding|hinging|tipping) (forward|over|forward at the hips|down)
(bend|lean|fold|hinge|bow) (forward|over|at the hips|at the waist)
(torso|chest|upper body) (moving|tilting|folding|lowering|leaning) forward
§ pitching the trunk downward""",
    "straighten_up": """(straightening|standing|coming|rising) (up|up straight|back up|upright)
(straighten|lift|raise|lifting) the (back|torso|trunk|body) (up|upright|back to upright)
(torso|chest|upper body) (rising|lifting|returning to upright|coming up)
(extending the hips|hips driving forward) to (stand|stand tall|come up)
§ unrolling to vertical""",
    "hips_fold": """(hips|body) (folding|flexing|closing|bending)
(bringing|pulling|drawing|bring) the (knees|legs|thighs) (in|up|toward the (chest|torso))
(flexing|bending|folding) at the hips
(legs and torso|knees and chest) coming together""",
    "hips_open": """(hips|body) (opening|extending|straightening|unfolding)
(extending|extend|thrusting|opening|driving) the hips(| forward|)
(legs|body) (extending|stretching out|straightening|lengthening)""",
    "turn": """(turning|turn|turns|rotating|spinning|spins|pivoting) (the whole body |around |)to [the side]
(spin|spinning|turn|pivot|pivoting|rotating)(| around| on the spot| on one foot)
(whole body|body) (turning|rotating|spinning)
§ going round to [the side]""",
    "rotate": """(torso|shoulders|upper body|trunk|chest) (rotating|turning|twisting) to [the side]
(rotate|rotating|twist|twisting|turn|swinging) the (torso|shoulders|hips|trunk) (through |)to [the side]
(uncoiling|winding up|rotating) the (body|trunk|torso)""",
    "tip_side": """(leaning|bending|tilting|reaching) over to [the side]
(bend|lean|tilt|tip) (the torso |)to [the side]
(body|torso) tipping sideways to [the side]""",
    "feet_apart": """(feet|legs) (moving apart|spreading|opening|stepping apart|jumping apart)
(stepping|step|jump|jumping|hop) the feet (apart|wide|out)
(widening|opening) the stance
(stepping|step) into a (lunge|long stance|wide stance)""",
    "feet_close": """(feet|legs) (coming together|closing|stepping together|jumping together)
(stepping|step|jump|bringing|bring) the feet (together|back together|in)
(narrowing|closing) the stance""",
    "still": """(holding|hold|holds|held|keeping|pausing in) (still|the position|the pose|steady|this position|motionless)
(still|motionless|no movement|steady|static|frozen)
(pause|pausing|pauses|staying still|waiting)(| for a moment)
(ready|balanced and still|settled)""",
    "fast": """(fast|quick|rapid|explosive|dynamic|vigorous) (movement|motion|action)
moving (fast|quickly|explosively|dynamically)
(explosively|at full speed|with speed)""",
}

# [noun] -> (singular, plural)
NOUNS: dict[str, tuple[str, str]] = {
    "arm": ("arm", "arms"),
    "hand": ("hand", "hands"),
    "palm": ("palm", "palms"),
    "fist": ("fist", "fists"),
    "fingers": ("fingers", "fingers"),
    "forearm": ("forearm", "forearms"),
    "upper arm": ("upper arm", "upper arms"),
    "elbow": ("elbow", "elbows"),
    "leg": ("leg", "legs"),
    "knee": ("knee", "knees"),
    "thigh": ("thigh", "thighs"),
    "shin": ("shin", "shins"),
    "foot": ("foot", "feet"),
    "heel": ("heel", "heels"),
}

# How a caption of several phrases is put together; {0}, {1}... are the phrases.
WRAPPERS: tuple[str, ...] = (
    "{}",
    "{}",
    "{}",
    "{}",
    "with {}",
    "the (athlete|person|player|dancer|lifter|man|woman|performer|body): {}",
    "(a|the) (person|man|woman|athlete) with {}",
    "(starting|end|start|finishing|mid) position: {}",
    "(phase|step|next): {}",
    "(then|now|next|finally|first), {}",
    "{}, (core tight|breathing steadily|in control|eyes forward|gaze ahead|controlled)",
    "(slowly|smoothly|with control|carefully|actively), {}",
    "{} (on the mat|in the gym|on the field|on the court|on stage|in the studio)",
    "{} (holding (a|the) (ball|bar|dumbbell|racket|weights|stick)|with (a|the) (bar|ball|weights))",
)
HELD_OUT_WRAPPERS: tuple[str, ...] = (
    "we see {}",
    "this shows {}",
    "at this moment {}",
)
# Things a script mentions that a pose can't show; they change nothing about what is true.
CONTEXTS: tuple[str, ...] = (
    "(core|abs) (tight|braced|engaged)",
    "(eyes|gaze) (forward|ahead|on the ball|on the target|down|up)",
    "(holding|gripping|with) (a|the) (ball|bar|barbell|dumbbell|racket|bat|club|stick|kettlebell|rope)",
    "(ball|dumbbells|weights|racket|bat|stick) in (hand|both hands|the hands)",
    "(on|in) the (mat|gym|court|field|track|studio|stage|pool|ring)",
    "(near|in front of|facing) the (net|basket|goal|mirror|camera|wall|opponent|barre)",
    "(breathing in|breathing out|exhale|inhale)",
    "(shoulders|neck|jaw) relaxed",
    "(chest|heart) open",
    "muscles (tense|contracted|engaged)",
    "(glutes|quads|hamstrings|lats|biceps|triceps) (engaged|working|squeezed|stretched)",
    "palms (up|down|facing forward|facing in|open)",
    "toes pointed",
    "in (perfect |good |)(balance|control|form)",
    "(ready|preparing) (for the next (move|step|rep|phase)|to move|)",
    "in (a fluid|one smooth|a controlled|a powerful) (motion|movement)",
    "(the|a) (basketball|tennis|volleyball|soccer|baseball|golf|yoga|karate|ballet|hip hop) (player|move|step|pose|technique)",
    "(wearing|dressed in) (sports clothes|shorts|a uniform|a leotard)",
    "weight (centered|balanced|shifted)",
    "(seen|viewed) from the (side|front|back)",
)
JOINS: tuple[str, ...] = (", ", ", ", ", ", " and ", " with ", " while ", ", and ", "; ", " as ")
