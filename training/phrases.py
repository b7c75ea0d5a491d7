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
§ holding (himself|herself) upright
spine (erect|long|lengthened|neutral and vertical|stacked)
(stays|remains|keeps) upright
shoulders stacked over the hips
upper body (vertical|perpendicular to the floor|square)
sits or stands tall with a straight back""",
    "lean_forward": """(torso|trunk|upper body|chest|body) (leaning|inclined|tilted|angled) (forward|forwards)
(leaning|bending|inclined) (slightly |)forward(| at the hips| from the hips| over the legs)
(forward|slight forward) (lean|tilt|incline)(| of the torso)
chest (dropped|angled|leaning) toward the thighs
(hips pushed back|hips back), (torso|chest) (leaning|inclined) forward
§ trunk tipped ahead of the hips
torso (pitched|tipped|angled|hinged) (slightly |)forward
(hinges|leans|bends|tips) forward (slightly|from the hips|)
chest (over|moves over|in front of) the (knees|toes|feet)
forward body lean
upper body inclined (at 45 degrees|at an angle|)
weight (shifted|driven) forward over the (toes|front foot)
(crouched|hunched|coiled) forward""",
    "hinge": """(hinged|bent|hinging|bending) (forward |)at the (hips|waist)(| with a flat back)
(torso|back|trunk|upper body) (nearly |almost |)(parallel to the (floor|ground)|horizontal), (hips back|standing bent over)
bent over at the hips
(hips pushed back|hips driven back|hips pushed far back), (torso|chest) (lowered|leaning far forward|toward the floor)
(bent-over|bent over) position
flat back, (body|torso) folded to (a right angle|horizontal)
§ upper body tipped until it is level with the floor
(hip hinge|hips hinged|hinges at the hips) with a (flat|straight|neutral) (back|spine)
torso (parallel to the floor|near horizontal), hips behind the heels
(deep bend|bent forward) at the waist with legs (nearly |)straight
back flat like a table
bends over until the (back|chest) faces the floor""",
    "fold": """(folded|folding|bent|bending) (all the way |deeply |)forward (over the legs|from the hips|at the waist)
(torso|upper body) (folded|draped|hanging) (over|down over) (the |)(legs|thighs|straight legs)
(standing |deep |)forward fold
head (hanging down|down toward the knees|toward the shins|down), hips (high|up)
chest (close|pressed|pulled|dropped) to the (thighs|legs)
§ upper body hanging upside down from the hips
(folds|folded) in half, (nose to knees|chest to thighs|hands to the floor)
torso (drapes|hangs|collapses) over the legs
hips high, crown of the head toward the floor
(touching|touches) the toes
(deep|full) forward bend""",
    "lean_back": """(torso|upper body|body|trunk) (leaning|tilted|reclined) (back|backward|backwards)
leaning (back|backwards)(| slightly)
(back arched|arching back|slight backbend)
(reclining|reclined) (torso|position)
§ shoulders behind the hips
torso (arched|tipped|bent) backward
(arches|leans|bends) (back|backward)
upper body reclined behind the hips
(backbend|back bend), chest open to the sky""",
    "lean_side": """(torso|upper body|body|trunk) (leaning|bent|tilted|bending) to [the side]
(side bend|side lean|lateral bend) to [the side]
bending sideways to [the side]
(leaning|tilting) over to [the side]
torso (arcs|curves|tips|drops) to [the side]
(curved|curving|arched) sideways
[the side] side of the waist (shortened|compressed)
body tilted off vertical toward [the side]""",
    "twist": """(torso|upper body|chest|shoulders|trunk) (twisted|turned|rotated) to [the side]
(twisting|rotating|turning) the (torso|upper body|shoulders|waist) to [the side]
(spinal |)twist to [the side]
(shoulders|chest) rotated away from the hips, to [the side]
§ ribcage wrung round to [the side]
torso (coiled|wound up|rotated away) to [the side]
(coils|winds|twists|rotates) the (upper body|shoulders) to [the side]
shoulders (open|turn|facing) to [the side]
chest (faces|turned toward|points to) [the side]""",
    "horizontal": """(body|torso|trunk) (horizontal|parallel to the (floor|ground)|level with the floor)
(body|torso) in a horizontal position
(trunk|torso) flat, parallel to the ground
body (stretched out|laid out|flat) (horizontally|level)
torso level with the ground""",
    "face_down": """(chest|face|body|stomach|belly) (facing|toward|towards) the (floor|ground)
(face down|facing down|prone)
(front of the body|chest) turned to the floor
looking down at the floor, body horizontal
§ belly-side down
chest (down|lowered to the mat|pointing down)
(stomach|belly|torso) (down|toward the mat)
facing the (mat|ground)
on the front of the body""",
    "face_up": """(chest|face|body|stomach) (facing|toward|towards) the (ceiling|sky)
(face up|facing up|supine)
(front of the body|chest) turned to the ceiling
looking up at the ceiling, body horizontal
§ belly-side up
chest (up|toward the sky|open to the ceiling)
(belly|torso) turned upward
facing the ceiling
looking straight up""",
    "lying_back": """(lying|lies|laid) (flat |)on (the|your|his|her) back
lying (face up|supine)(| on the (floor|ground|mat|bench))
(back|shoulders|upper back) (flat |resting |pressed |)on the (floor|ground|mat|bench)
supine (on the (floor|mat|bench)|position)
reclined on the (mat|bench|floor), (facing up|face up)
(back|shoulder blades) against the (bench|pad|mat)
§ stretched out on the back
(flat|supine) on the (floor|mat|bench)
(lies|rests|reclines) on the (back|bench|mat)
back flat, (knees bent|feet planted|eyes up)
lying down with the (shoulders|head|spine) on the (bench|mat|floor)
lie (back|down|flat)""",
    "lying_front": """(lying|lies) (flat |)on (the|your|his|her) (stomach|belly|front)
lying (face down|prone)(| on the (floor|ground|mat))
(belly|stomach|chest|hips) (flat |resting |)on the (floor|ground|mat)
prone (on the (floor|mat)|position)
§ flat out on the tummy
(lies|rests|stays) face down on the mat
(chest|stomach|abdomen) on the floor
stretched out on the stomach
lie (prone|face down)""",
    "lying_side": """(lying|lies|resting) on [the side] side
[the side] (hip|side of the body) on the (floor|ground|mat)
side-lying (position|on the mat)
stretched out on [the side] side
(on|rests on|propped on) [the side] side
(legs stacked|hips stacked), lying sideways""",
    "side_facing_ground": """(body|torso) turned sideways, [the side] side toward the (floor|ground)
(body|hips|shoulders) stacked, [the side] side down
sideways to the floor, [the side] side below
body turned side-on, [the side] side nearest the floor""",
    "inverted": """upside down
(body|legs) (inverted|upside down), feet above the head
feet (in the air|up in the air|toward the ceiling), head (down|near the floor)
(inverted position|inversion)
legs (straight |)up toward the (sky|ceiling), balancing upside down
§ turned on the head, feet on top
body (vertical and upside down|inverted over the hands|upended)
legs (stacked|vertical) above the (hips|shoulders|head)
feet overhead, weight on the (hands|head|shoulders)""",
    "head_below_hips": """head (below|lower than) the hips
hips (higher than|above) the (head|shoulders)
head (hanging|dropped) (down|low)
upper body lower than the hips
§ hips are the highest part, head lowered
head (upside down|down near the floor|drops toward the floor)
hips (above|higher than) the heart
crown of the head points to the floor""",
    "standing": """(standing|stands) (tall|upright|straight|erect|)
(standing|stand) (position|posture|start position)
in a standing position
on (the|both) feet, (legs straight|standing tall)
(stand|standing) with (straight legs|legs straight|legs extended)
the (athlete|person|player|dancer|man|woman|performer) (stands|is standing)(| upright| tall)
(back at the top, standing|standing at full height|fully standing)
§ up on two feet at full height
(stands|standing) (still|ready|straight|on both feet|on two feet|with straight legs)
(back to|rises to|finishes in) (a tall stance|standing)
(full|fully) (standing|upright|extended) position
stand up straight
feet planted, legs straight
(neutral|tall|relaxed) stance""",
    "squat_low": """(deep|low|full) squat
(squatting|crouching) (deep|low|down low|deeply|)
(hips|bottom|buttocks|glutes) (below|down to|at|lowered to) (parallel|knee level|knee height)
(bottom|lowest point) of the squat
(sitting|sat) (down |)(low|deep) into (a|the) squat
hips (lowered|sunk|dropped) (close to the (floor|heels)|between the (heels|knees)|deep)
(crouched|crouching) (down|low to the ground)
§ haunches near the heels
(drops|sinks|lowers|settles) into a (deep |low |full |)squat
hips (drop|sink|are) below (the knees|parallel)
(low|deep) (crouch|crouched position)
thighs (below|at|past) parallel
hamstrings (touching|near) the calves
squats (low|down|all the way)""",
    "half_squat": """(half|partial|shallow|quarter) squat
(knees bent|both knees bent) in a (half squat|crouch|semi-squat|athletic stance|low stance)
(hips lowered|hips dropped|sinking down) (slightly|partway|half way|), knees bent
(athletic|ready) (stance|position), knees (bent|flexed)
knees (bent|flexed), hips (pushed back|back|sent back|lowered)
(sitting|sat) back (as if into|toward|like into) a chair
(low|lowered) (center of gravity|stance)(|, knees bent)
§ weight sunk into bent legs
knees (flexed|bent|soft) in (a ready position|an athletic stance|a half crouch)
(slight|shallow|partial|moderate) (crouch|squat)
(crouches|squats|dips|sinks|drops) slightly
(loading|loads|coiling) the legs
(low|wide) (athletic|defensive|ready) stance
(sits|sitting) the hips back
hips (back and down|back), knees (bent|bend)
bends the knees and lowers the hips""",
    "sit_chair": """(seated|sitting)(| on a (bench|chair|seat|box))
(seated|sitting) (upright|tall) (with|,) (knees bent|feet on the floor)
(thighs|upper legs) (horizontal|parallel to the floor), (seated|sitting)
(hips and knees|knees and hips) (bent|at) (at right angles|90 degrees)
in a (seated|sitting) position
back against the (pad|backrest), seated
§ perched on a seat
(sits|seated|sitting) (on the (machine|bench|seat)|with the back supported|with feet flat)
(hips|thighs) on the (seat|bench|chair)
sits down""",
    "sit_floor": """(sitting|seated|sits) on the (floor|ground|mat)
(seated|sitting) (position |)(on the mat|on the ground|on the floor)
(hips|buttocks|bottom|seat|sit bones) on the (floor|ground|mat), torso upright
§ down on the bottom
(sits|seated) (on the mat|on the floor|low)
(grounded|sit bones|seat) on the (mat|floor)""",
    "long_sit": """(sitting|seated) with legs (straight|extended|stretched out)( in front| forward|)
legs (straight|extended|stretched) (out |)(in front|forward) on the (floor|mat), seated
long sitting
sitting on the (floor|mat), legs straight
(legs|both legs) (out|stretched|long) (straight |)in front while seated
sits with straight legs""",
    "cross_legged": """(sitting|seated) (cross-legged|with crossed legs|with legs crossed|with folded legs)
(cross-legged|easy seat|lotus) (position|pose|sitting)
legs (crossed|folded), sitting on the (floor|mat)
(shins crossed|feet together), knees (out wide|open to the sides), sitting
§ sitting with the ankles tucked under the knees
(sits|sitting|seated) (in lotus|with the legs crossed|cross-legged)
ankles crossed under, knees wide""",
    "kneel_both": """(kneeling|kneels) (on both knees|on the floor|upright|)
both knees on the (floor|ground|mat), torso upright
on (the|both) knees
(kneeling|kneel) (position|tall)
§ resting on the kneecaps
(kneels|rests|stays) on the knees
(shins|knees) on the (mat|floor), body upright
(down|drops|lowers) (to|onto) both knees""",
    "sit_on_heels": """(sitting|hips|buttocks|seated|glutes) (back |)(on|resting on|down on|toward) the heels
kneeling with (hips|buttocks) (on|to) the heels
hips (back |)to heels(|, knees folded)
knees (fully |)folded under the body
(buttocks|hips|seat) (rest|sink|settle|sit) (back |)(on|onto|toward) the heels
folded knees, sitting on the shins""",
    "kneel_one": """(kneeling|down) on [knee]
[knee] (on|resting on|touching) the (floor|ground|mat), other foot (flat|planted)
(half-kneeling|half kneeling) on [knee]
(drop|dropping|dropped) to [knee]
(kneels|kneeling|lowers) (on|onto) [knee]
[knee] (drops|lowered|touches down) (to|on) the (mat|floor|ground)
genuflecting""",
    "all_fours": """(on|position on) (all fours|hands and knees)
(hands and knees|palms and knees) on the (floor|ground|mat)
(tabletop|table top|quadruped) (position|)
(kneeling on all fours|hands under shoulders, knees under hips)
§ supported by hands and knees
(hands|palms) and knees (support|on) the (body|mat|ground)
(tabletop|box) position
weight on hands and knees
crawling position""",
    "plank": """(plank|plank position|high plank|push-up position)
body in a straight line (from (head|shoulders) to (heels|feet|toes)|), (face down|supported on (hands|arms) and toes)
(holding|hold|in) a (plank|straight-body position), (core tight|abs braced|body rigid)
(straight|rigid) body (supported on|over|on) (hands|arms|forearms) and (toes|feet)
(hands|arms) on the (floor|ground), legs (extended|straight) behind, body straight
§ stiff as a board on hands and toes
(hold|holds|holding|in) a (rigid|strong|firm|solid) plank
body (straight|rigid|flat) like a board
(straight|strong) line from (head to heels|shoulders to ankles)
(supports|supported) on (hands|palms|forearms) and toes
push-up (stance|posture|start)
shoulders over (the |)wrists, legs (straight|long) behind""",
    "body_straight": """(body|whole body) (straight|in a straight line|in one line|fully extended)
(straight line|straight) from (shoulders|head) to (heels|ankles|feet)
hips and knees (fully |)(extended|straight|locked out)
(legs and torso|body) (aligned|in line|straight)
hips (open|extended|locked out)
§ head, hips and feet all in line
(fully|completely) (stretched|extended|straight) body
hips (fully |)(extended|open), knees locked
(long|straight|tall) line (of the body|through the body)
body (elongated|stretched out|lengthened)""",
    "bridge": """(bridge|bridge position|hip bridge|glute bridge)
hips (lifted|raised|pushed|thrust|driven) (up|off the (floor|ground|mat)|high|toward the ceiling)(|, feet on the floor)
(shoulders|upper back) (and feet |)on the (floor|mat), hips (up|raised|lifted)
(belly|pelvis) (lifted|raised) toward the ceiling, knees bent
§ pelvis bridged high between shoulders and feet
(pelvis|hips|glutes) (raised|up|high|lifted) with shoulders (down|grounded)
(thrusts|lifts|raises|pushes) the hips (up|skyward)
arched up, feet (flat|planted)
thighs and torso in line, hips up""",
    "pike_up": """hips (lifted|raised|pushed|pressed) (up |)(high|up|to the sky|toward the ceiling|back and up), hands (and feet |)on the (floor|ground|mat)
(inverted V|upside-down V|inverted v-shape|triangle)(| with the body| shape)
hips (high|up), (arms and legs|legs and arms) straight, (head between the arms|hands on the floor)
(downward dog|down dog|pike) (position|shape|)
§ tailbone to the sky, hands and feet planted
(hips|tailbone|sit bones) (to the sky|pointing up|at the top), heels (down|sinking)
body forms (an upside-down V|an inverted V|a triangle|a tent)
hands and feet on the floor, hips (high|up)
pushes the hips (up and back|back and up)""",
    "legs_up": """(legs|both legs|feet) (raised|lifted|up|in the air)(| off the floor)
(feet|legs) (pointing |)(up |)(toward|towards|to) the (ceiling|sky)
legs (raised|lifted) above the (hips|body)
§ soles to the sky
(both |)legs (vertical|point up|in the air|elevated)
(lifts|raises|holds) (both |)(legs|feet) (up|off the floor|in the air)
feet off the (floor|mat), legs up""",
    "airborne": """(in the air|airborne|in mid-air|in flight|mid-jump)
(both |)feet (off|leave|leaving|have left) the (ground|floor)
(jumping|leaping|at the top of the jump|peak of the jump)
(suspended|hanging|body) (in the air|off the ground)
§ no contact with the floor
(both feet|feet) (off the ground|clear the ground|in the air)
(flying|floating|hovering|soaring) (through the air|)
(body|athlete|player) (airborne|in the air|suspended mid-air)
(mid-leap|mid-jump|mid-flight)
at the (peak|apex|highest point|top) of (the|a) (jump|leap)""",
    "hanging": """(hanging|suspended) from (a|the) (bar|pull-up bar)
hands gripping (a|the) bar overhead, (feet|body) off the (floor|ground)
body (hanging|hangs) (below|under|from) the bar
§ dangling by the hands
(hangs|hanging) (from the bar|by the hands|freely)
(grips|gripping|holding) the bar (above|overhead) with the body suspended""",
    "hands_on_ground": """[hand] (on|planted on|placed on|touching|flat on|pressed into|reaching) the (floor|ground|mat)
[palm] (flat |pressed |)(on|against|into) the (floor|ground|mat)
(supported|supporting|weight) on [hand]
[hand] (down|planted) (beside the feet|under the shoulders|on the ground|on the mat)
§ [fingers] in contact with the ground
[hand] (planted|placed|pressed|flat|set|resting|grounded) (on|to|into) the (floor|mat|ground)
[fingers] (touching|touch|grazing|on|reach) the (floor|mat|ground)
(places|plants|presses|sets|puts) [hand] on the (floor|mat|ground)
(leaning|leans|supporting weight|balance) on [hand]""",
    "forearms_on_ground": """[forearm] (on|resting on|flat on|pressed into) the (floor|ground|mat)
(resting|supported|propped) on [forearm]
[elbow] on the (floor|ground|mat)
(propped|supported|leaning|rests) on [forearm]
[forearm] (grounded|planted|parallel on the mat)""",
    "knee_on_ground": """[knee] (on|resting on|touching|down on|lowered to) the (floor|ground|mat)
[knee] down
[shin] (on|along) the (floor|mat)
[knee] (grounded|on the mat|kneeling|rests on the floor|lowered)
(drops|lowers|rests|places) [knee] (down|to the floor|on the mat)""",
    "hips_piked": """(piked|folded|jackknifed) at the hips with straight legs
hips (bent|flexed|folded) (to 90 degrees|sharply|), legs straight
(body in|in) (a pike|an L-shape|an L shape|a V shape)
straight legs (close|toward|brought) to the (chest|torso)
(legs|feet) and (torso|hands) (folded|close) together, legs straight
sharp bend at the hips, knees straight""",
    "knee_straight": """[leg] (straight|extended|fully extended|locked|stretched)
[knee] (straight|locked|locked out|extended|fully extended)
(straight|straightened|extended) [leg]
[leg] (kept |held |)straight
§ [leg] without a bend at the knee
[leg] (locked|long|firm|extended|straight and strong)
(keeps|straightens|holds|with) [leg] straight
[leg] (fully |)(lengthened|stretched out)
[knee] not bent""",
    "knee_soft": """[knee] (slightly|softly|a little|gently) (bent|flexed)
(soft|slight) bend in [knee]
[leg] (almost|nearly) straight
(soft|unlocked) [knees]
[knee] (softly|slightly|gently|lightly) (bent|flexed|relaxed)
(a little|slight|small|gentle) (knee bend|flex in [knee]|bend at [knee])
[knee] (soft|relaxed|unlocked)""",
    "knee_bent": """[knee] (bent|flexed)
[leg] bent(| at the knee)
(bent|flexed) [knee]
(bend|bending) [knee]
§ [knee] in flexion
[knee] (is |are |)(bent|flexed|bending|folded)
(bends|bent|with) [knee] bent
(flexes|flexed) [knee]
[leg] (flexed|folded|crooked|bent at the knee)""",
    "knee_right_angle": """[knee] (bent|flexed) (to|at) (90 degrees|a right angle|about ninety degrees)
[knee] (at|bent at) 90 degrees
90-degree bend in [knee]
§ [shin] square to [thigh]
[knee] (forming|forms|makes|at) a (right angle|90-degree angle|ninety degree bend)
(right-angle|90 degree) bend (at|in) [knee]
[knee] over (the |)(ankle|ankles|toes)""",
    "knee_deep": """[knee] (deeply|fully|sharply|tightly|completely) (bent|flexed)
[heel] (close|near|pulled|tucked) to (the |)(buttocks|glutes|thigh)
[leg] (folded|tucked)(| tightly| in)
(deep|full) bend in [knee]
(tightly|deeply|sharply) (folded|bent) [leg]
[heel] (tucked|drawn|pulled) (in|toward the seat|under the body)
[knee] (compressed|fully folded|tucked)""",
    "thigh_level": """[thigh] (parallel to|level with) the (floor|ground)
[thigh] (horizontal|level)
(thighs reach parallel|upper leg horizontal), [knee] bent
[thigh] (reaches|at|stays|is) (parallel|horizontal)
[thigh] (parallel to|in line with) the (floor|ground|mat)""",
    "knee_lifted": """[knee] (lifted|raised|up|driven up|drawn up|pulled up)(| in front| to hip height| to waist height)
(lifting|raising|lift|raise|driving) [knee] (up|in front|toward the chest)
[knee] (up|drive)
[leg] (lifted|raised) with (the |a |)knee bent
§ [knee] hoisted to the waist
[knee] (rises|comes|lifts|drives|driven|hiked|tucked|pulled) (up|toward the chest|forward and up|to waist level)
(lifts|raises|drives|brings|pulls|picks up) [knee] (up|high|toward the chest|)
(raised|lifted|elevated) [knee]
[knee] in the air, bent""",
    "knee_high": """[knee] (high|lifted high|at hip height|above the hip|raised above waist level)
[knee] (pulled|driven|hugged|brought) (up |in |)(to|toward|into) the chest
(high|lifted) [knee]
[thigh] (at or above hip level|lifted above horizontal)
[knee] (up high|driven high|lifted to the chest|at chest level|near the chest)
(drives|lifts|pulls) [knee] (high|up to the chest|above the waist)
(high|chest-level) [knee]""",
    "foot_lifted": """[foot] (off|lifted off|raised off|leaves) the (floor|ground|mat)
[foot] (lifted|raised|in the air)
[leg] (lifted|raised|off the ground|up|in the air)
(lift|lifting|raising) [foot]
[foot] (leaves|comes off|hovers above|clears|off) the (floor|ground|mat)
(lifts|raises|picks up|takes) [foot] (off the (floor|ground)|up|)
[foot] (airborne|elevated|hovering|suspended)
[leg] (elevated|hovering|airborne|lifted off)""",
    "one_leg_stand": """(standing|balancing|balanced|balance) on [leg]
weight on [leg], [other foot] off the (floor|ground)
[leg] (supporting|planted|standing)(|, other leg lifted)
(single-leg|one-legged) (stance|stand|balance) on [foot]
§ [leg] carries all the weight
(balances|stands|poised|steady|stable) on [leg]
(single-leg|one-leg) (balance|support|stance)
[leg] (planted|grounded|rooted|bears the weight|as the support)
weight (over|shifts onto|shifted to) [leg]""",
    "leg_front": """[leg] (raised|lifted|extended|kicked|stretched|held) (in front|forward|to the front|out in front)
[foot] (out |)in front, off the ground
(straight|extended) [leg] (forward|in front)
[leg] (swung|kicking) (forward|up in front)
[leg] (extends|reaches|lifts|shoots|points) (forward|out in front|ahead)
(lifts|extends|raises|kicks) [leg] (forward|to the front|ahead)
[leg] straight out (in front|ahead) of the body""",
    "leg_back": """[leg] (raised|lifted|extended|kicked|stretched|reaching|trailing) (behind|back|backward|to the back)
[foot] (behind the body|lifted behind|off the ground behind)
[leg] (swung|kicking|extending) (back|backward|straight back)
§ [leg] lifted rearward
[leg] (extends|reaches|lifts|kicks|swings) (back|behind|backward|rearward)
(lifts|extends|raises|kicks|draws) [leg] (back|behind|behind the body)
[leg] (straight |)out behind (the body|)
(trailing|rear) [leg] off the ground""",
    "leg_side": """[leg] (raised|lifted|extended|kicked|stretched) (to the side|sideways|out to the side|laterally)
[foot] off the ground, out to the side
(abducted|side-lifted) [leg]
§ [leg] carried out sideways
[leg] (extends|reaches|lifts|kicks|opens) (to the side|sideways|laterally)
(lifts|extends|raises|kicks) [leg] (sideways|out to the side)""",
    "leg_level": """[leg] (raised|lifted|held|extended) (to|at) hip (height|level)
[leg] (horizontal|parallel to the (floor|ground))
[foot] at hip height
[leg] (at|to|reaching) (hip|waist) (level|height)
[leg] horizontal (in the air|)""",
    "foot_high": """[foot] (lifted|kicked|raised|) (to|at|as high as) (shoulder|head|chest) (height|level)
[leg] (kicked|raised|lifted) (very |)high
(high kick|high leg) with [leg]
[foot] above the (waist|chest|shoulder)
[foot] (rises|kicks|lifted|swings) (above|to) (the waist|chest height|head height|shoulder height)
[leg] (kicked|flung|lifted) up high
high (kick|extension) of [leg]""",
    "heel_to_glute": """[heel] (to|toward|near|pulled to|kicked to) the (buttock|glute|buttocks|glutes)
[leg] bent (back|behind), heel (up|toward the seat)
[shin] folded back behind the body
[heel] (kicks|flicks|lifts|curls) (up |)(toward|to) the (glutes|buttocks|seat)
[leg] (folded|curled) behind""",
    "tiptoe": """[heel] (raised|lifted|off the (floor|ground))
(on|standing on|rising onto|up on) (the |)(toes|tiptoes|tiptoe|balls of the feet)
(relevé|tiptoe|calf raise position)
§ [foot] only touching with the toes
(rises|lifts|rising|up|raised|balanced) (onto|on|to) (the toes|tiptoe|the balls of the feet|demi-pointe)
[heel] (lifts|rises|leaves|raised) (off the floor|high|up)
(on|over) the toes""",
    "feet_together": """feet (together|close together|side by side|touching)
(legs|feet|ankles) (together|closed)
heels together
§ no gap between the feet
(legs|feet|heels|knees) (pressed |squeezed |drawn |held |)together
narrow stance, feet touching
(brings|closes) the feet together""",
    "feet_hip_width": """feet (hip-width|shoulder-width|hip width|shoulder width) apart
feet (about |)(under the hips|under the shoulders)
(parallel feet|feet parallel)
(stance|feet) (hip-width|shoulder-width)
feet (planted|set|placed) (hip|shoulder)-width apart""",
    "feet_wide": """feet (wide|wide apart|spread wide|far apart|wider than the (hips|shoulders))
(wide|straddle|sumo) stance
legs (wide|apart|spread|wide apart|open|straddled)
(legs spread|feet planted wide) to the sides
§ a broad base, legs far apart
(legs|feet) (spread|planted|set|stance) (wide|apart|well apart|far apart)
(wide|broad|open) (stance|base|legs)
(straddled|straddling|splayed) legs""",
    "foot_ahead": """[foot] (in front|forward|ahead), [other foot] (back|behind)
[leg] (forward|in front), [other leg] (back|behind)
(staggered|split|split stance|striding) (stance|position), [foot] (forward|in front)
(stepping|step|steps|stepped) forward with [foot]
(stepping|step|stepped) back with [other foot]
§ [foot] leads, [other foot] trails
[foot] (steps|stepping|placed|planted|leads) (forward|in front|ahead)
[other foot] (steps|stepping|placed|planted) (back|behind)
(lead|front) foot ahead of the (rear|back) foot
(stride|striding|walking|split) (stance|position) with [leg] (forward|in front)
[leg] (in front|leading), [other leg] (behind|trailing)
(staggered|fighting|offset) stance""",
    "lunge": """(lunge|lunging|deep lunge|forward lunge)(| position), [leg] (forward|in front)
[knee] (bent|bent deeply) in front, [other leg] (extended|stretched|reaching) (back|behind)
(lunging|lunge) forward (on|with|onto) [leg]
(front|leading) knee bent, (back|rear) leg (extended|stretched back|behind)
[foot] stepped far forward, (hips low|front knee over the ankle)
(split stance|lunge), front thigh (lowered|toward parallel)
§ [leg] out ahead in a long low stride
(lunges|steps|drops|sinks) into a (deep |low |long |)lunge (with|on) [leg]
[leg] (bent|forward) in a lunge
front knee (bent|over the ankle), back leg (long|straight|stretched)
(big|long|wide) (step|stride) forward with [leg]
lunging stance, [leg] forward""",
    "side_lunge": """(side lunge|lateral lunge) (to|onto|on) [leg]
[knee] bent, [other leg] (straight|extended) (out |)to the side
(weight|hips) shifted (over|onto) [leg], [other leg] straight
wide stance with [knee] bent
(lunges|shifts|steps) sideways (onto|over) [leg]
weight over bent [leg], other leg (straight|stretched) to the side
(skater|Cossack) (lunge|position)""",
    "knees_out": """knees (out|apart|wide|open|pushed out|turned out|spread)
knees (out to the sides|pushed outward|tracking wide)
(thighs|knees) (opened|open) wide
knees (turned|rotated|opened|pressed|falling) (out|outward|open)
(turned-out|open|externally rotated) (hips|legs|knees)""",
    "legs_crossed": """(legs|ankles|feet) crossed
one (leg|foot|ankle) crossed (over|in front of|behind) the other
legs (crossing|wrapped)
(legs|ankles|thighs) (wrapped|twisted|scissored|interlocked|crossed over each other)""",
    "arm_down": """[arm] (by|at|down by|hanging at|along|relaxed at) (the side|the sides|your sides|the body)
[arm] (down|hanging|hanging down|lowered|relaxed)
[hand] (by|at) the (thigh|thighs|side|sides|hip|hips)
[arm] (straight down|hanging straight)
§ [arm] dangling beside the body
[arm] (rest|rests|resting|relaxed|loose|long) (at|by) the (side|sides)
[arm] (dropped|straight|extended) (down|downward|toward the floor)
[hand] (beside|near|next to|alongside|in front of) the (thigh|thighs)
arms at the sides
(lowered|relaxed|hanging) [arm]""",
    "arm_overhead": """[arm] (overhead|above the head|up overhead|raised overhead|stretched overhead|extended overhead|reaching overhead)
[arm] (up|raised|lifted|reaching up|straight up|stretched up)
[hand] (overhead|above the head|reaching up|high in the air|stretched to the sky)
(reach|reaching|raise|raising) [arm] (overhead|up high|to the sky|toward the ceiling)
[arm] by the ears
[arm] locked out overhead
§ [arm] aloft beside the ears
[arm] (reach|reaches|extends|extended|goes|lifted|stretch) (up|overhead|skyward|to the sky|to the ceiling|upward|above)
[arm] (high|vertical|straight) (overhead|above the head|above)
(raises|lifts|reaches|stretches|extends|throws) [arm] (overhead|up|above the head|high)
[arm] (alongside|beside|next to) the (ears|head)
(full|maximum) (reach|extension) (overhead|upward) with [arm]
[hand] (above the head|overhead|at the highest point)""",
    "arm_front": """[arm] (forward|in front|straight ahead|out in front|extended forward|reaching forward|stretched forward|extended in front of the chest)
[arm] (raised|lifted|held) (in front|to the front|forward|at shoulder height in front)
[hand] (reaching forward|out in front|extended forward)
(reach|reaching|extending) [arm] (forward|out in front|straight ahead)
[arm] straight (in front of|out from) the (chest|shoulders)
§ [arm] held out before the chest
[arm] (extended|reaching|stretched|pointing|held|straight|out) (forward|in front|ahead|before the chest|in front of the body)
(extends|reaches|stretches|holds|raises) [arm] (forward|out in front|ahead|to the front)
[hand] (in front|ahead|forward) at (shoulder|chest) (height|level)
outstretched [arm] (in front|forward)""",
    "arm_out": """[arm] (out to the side|out to the sides|to the side|to the sides|sideways|extended sideways|out wide|stretched wide|spread wide)
[arm] (raised|lifted|held) (to the side|to the sides|sideways|laterally)(| at shoulder height| to shoulder level)
(T-shape|T position) with [arm] (out|extended)
[hand] (out wide|wide at shoulder height)
§ [arm] like a wing
[arm] (extended|stretched|reaching|open|spread|held) (laterally|to the side|out|sideways|wide)
(extends|opens|spreads|stretches|raises|lifts) [arm] (out to the side|out to the sides|wide|sideways)
[arm] (at|to) shoulder (height|level) (out to the side|laterally)
arms like wings
[arm] in line with the shoulders""",
    "arm_back": """[arm] (behind|back|extended back|behind the body|swung back|stretched behind|reaching back|drawn back)
[hand] (behind the (body|hips|back)|back behind)
(swing|reaching|extending) [arm] (back|behind)
§ [arm] rearward of the trunk
[arm] (drawn|pulled|reaching|extended|swung|trailing|cocked) (back|behind|backward|rearward)
(draws|swings|extends|reaches|takes) [arm] (back|behind the body|backward)
[hand] behind the (body|hip|torso)""",
    "arm_diagonal": """[arm] (up and out|diagonally up|raised diagonally|up in a V|raised in a V)
[arm] (high and wide|lifted above shoulder height to the side|up at an angle)
(V shape|V) with [arm]
[arm] (stretched|raised|reaching|pointing) (diagonally|up and out)
[arm] in a (high |)V""",
    "arm_across": """[arm] (across the (body|chest|torso)|crossing the body|crossed in front)
[hand] (across the (body|chest|midline)|on the opposite side of the body)
(reaching|crossing) [arm] across (the body|to the other side)
[arm] (sweeps|reaches|wraps|swings|folded|crosses) (across|over) the (body|chest|torso)
[hand] (at|near|by|over) the opposite (hip|shoulder|side)
(follow-through|arm) across the body""",
    "arm_skyward": """[arm] (pointing up|straight up|vertical|reaching to the ceiling|extended toward the ceiling|pressed up)
[hand] (pressed up|straight up|directly above the shoulder)(| over the (chest|shoulders))
[arm] (extended|locked out|straight) (above|over) the (chest|shoulders)
(weight|bar|dumbbells|hands) (pressed up|held up|at arm's length) above the (chest|shoulders)
[arm] (vertical|reaching straight up|toward the ceiling|perpendicular to the body)
(pushes|presses|holds|reaches) [arm] (straight |)(up|to the ceiling)""",
    "arm_hanging": """[arm] (hanging|hanging straight|reaching|extended|straight) (down|down toward the floor|toward the ground)
[hand] (hanging|reaching) (below|straight below) the (shoulder|shoulders)
[arm] (vertical|straight), hands below the shoulders
[arm] straight under the (shoulder|shoulders)
[arm] (hangs|hanging|dangling|drops|vertical) (down|straight down|below the shoulders|toward the floor)
[arm] straight down, (gripping|holding) the (bar|weight)
shoulders over the hands, [arm] straight""",
    "elbow_straight": """[arm] (straight|extended|fully extended|locked out|locked|straightened)
[elbow] (straight|extended|locked|fully extended)
(straight|extended|outstretched) [arm]
[arm] (held |kept |)straight
§ [arm] without a bend at the elbow
[arm] (locked|long|fully straight|fully extended|outstretched|stretched)
(straightens|extends|locks|fully extended) [arm]
[elbow] (locked out|fully straight|open)
(full|complete) (arm |elbow |)extension""",
    "elbow_soft": """[elbow] (slightly|softly|a little) bent
(soft|slight) bend in [elbow]
[arm] (almost|nearly) straight
(rounded|soft|gently curved) [arms]
[elbow] (slightly|softly|gently) (flexed|bent|rounded)
[arm] (softly curved|slightly bent|rounded)
(a little|slight) (elbow |)(bend|flex)""",
    "elbow_bent": """[elbow] (bent|flexed)
[arm] bent(| at the elbow)
(bent|flexed) [elbow]
(bend|bending) [elbow]
§ [elbow] in flexion
[elbow] (is |are |)(bent|flexed|bending|folded|cocked)
(bends|bent|flexes|flexed|with) [elbow] (bent|flexed|)
[arm] (bent|flexed|folded|cocked)""",
    "elbow_right_angle": """[elbow] (bent|flexed) (to|at) (90 degrees|a right angle|about ninety degrees)
[elbow] at 90 degrees
90-degree angle at [elbow]
(forearms perpendicular to the upper arms|right angle between upper arm and forearm), [elbow] bent
[elbow] (forms|forming|makes|at) (a right angle|90 degrees|a 90-degree angle)
[forearm] (perpendicular|at right angles) to the upper (arm|arms)""",
    "elbow_tight": """[elbow] (fully|tightly|sharply|deeply|completely) (bent|flexed)
[forearm] folded (up |)against the upper arm
[arm] (tightly |fully |)folded(| in)
[hand] (curled|brought|pulled) (up |)close to the (shoulder|shoulders)
[arm] (fully flexed|folded tight|curled tight|contracted)
(peak|full) (contraction|flexion|curl) of [arm]
[forearm] (close to|pressed to|touching) the (upper arm|biceps)
[elbow] (fully |tightly )(closed|bent|flexed)""",
    "elbow_tucked": """[elbow] (tucked|pinned|held|close|glued|kept close|tight) (to|against|at|by) the (side|sides|ribs|body|torso)
[elbow] bent (by|at) the (side|sides|waist)
(upper arms|elbows) (still|fixed|pinned) at the sides, forearms (bent|lifted|forward)
[elbow] (close to|near) the body
§ [elbow] hugging the ribcage
[elbow] (in|pinned|glued|close|hugging|held) (to|at|by|against|in to) (the |your |)(sides|ribs|torso|body|waist)
(keeps|keep|keeping|holding) [elbow] (close|tucked|tight|in) (to the (body|sides|torso)|)
upper (arm|arms) (vertical|still|stationary) (by|against) the (torso|sides)""",
    "elbow_out": """[elbow] (out|flared|flared out|wide|out to the sides|out to the side|pointing outward|lifted to the side)
[elbow] (raised|held) (out|to the sides) at shoulder (height|level), bent
[upper arm] (out to the side|wide), elbow bent
§ [elbow] winged outward
[elbow] (flares|flared|points|pointing|lifted|raised|winged) (out|outward|to the side|wide)
[upper arm] (raised|lifted|abducted) to (the side|shoulder level), [elbow] bent
(wide|flared|high) [elbow]""",
    "elbow_front": """[elbow] (in front|forward|pointing forward|lifted in front|raised in front of the (body|chest))
[upper arm] (forward|in front|horizontal in front), elbow bent
[elbow] (up and forward|at shoulder height in front)
[elbow] (lifted|raised|points|pointed|driven|pushed) (forward|in front|ahead|up in front)
[elbow] in front of the (ribs|torso|shoulders|body)""",
    "elbow_back": """[elbow] (back|behind the body|pulled back|drawn back|driven back|pointing back|past the (torso|ribs))
(pulling|drawing|row|rowing) [elbow] (back|behind)
[elbow] bent behind the (back|body|torso)
(shoulder blades squeezed|shoulder blades together), [elbow] back
§ [elbow] hauled rearward
[elbow] (pulls|pulled|drives|driven|drawn|squeezed|cocked|bends) (back|behind|backward|past the torso|behind the body)
(pulls|draws|drives|squeezes|rows) [elbow] (back|behind the body)
(retracted|squeezed) shoulder blades""",
    "elbow_high": """[elbow] (high|up|above the shoulder|pointing up|pointing to the ceiling|raised high|lifted by the head)
[elbow] bent (above|beside|next to|behind) the head
[upper arm] (beside the head|raised overhead), elbow bent
[hand] (behind the head|dropped behind the head), elbow up
[elbow] (lifted|raised|pointing|points|held) (high|up|above shoulder height|to the sky|skyward)
(high|lifted|raised) [elbow]
[arm] cocked (behind|beside|above) the head""",
    "goalpost": """[arm] in (a goalpost|a cactus|a goal post|an L) (shape|position)
[elbow] bent 90 degrees, (forearm|forearms) (vertical|pointing up), (upper arms|elbows) at shoulder height
(hands up|forearms up), [elbow] out (at|to) shoulder (height|level)
[elbow] under the (wrist|wrists), bent at right angles
[arm] (bent|raised) like a goalpost
[forearm] vertical, [elbow] at shoulder (level|height)
[hand] up, elbow at ninety degrees""",
    "hand_shoulder": """[hand] (at|near|by|beside|next to|in front of|to) the (shoulder|shoulders)
[hand] (at|up to) shoulder (height|level), elbow bent
[fist] (at|by) the shoulders
(bar|dumbbell|dumbbells|weight) (at|resting on|up to|near) the (shoulder|shoulders)
§ [hand] level with the collarbone
[hand] (near|at|beside|close to|by|reaches|reach) the (shoulder|shoulders|collarbone|collarbones)
(brings|lifts|curls|holds) [hand] (to|up to|near|at) the (shoulder|shoulders)
(bar|weight|weights|dumbbells) (near|at|by|touching) the (shoulders|collarbone|upper chest)""",
    "hand_chest": """[hand] (at|near|in front of|to|close to|by) the (chest|sternum|breastbone)
[hand] (held|brought|drawn in|pulled) (in front of|to|close to) the chest
(ball|bar|weight|hands) (at|near|held at|against|touching) the (chest|chest level)
§ [hand] by the breastbone
[hand] (in front of|near|at|by|close to|against) the (chest|heart|sternum)
(brings|holds|keeps|pulls|clasps|gathers) [hand] (to|at|near|in front of) the chest
(ball|weight|bar|object|hands) (close to|pulled to|held at|brought to) the (chest|body)""",
    "hand_hip": """[hand] on (the |your |)(hip|hips|waist)
[hand] (resting |placed |)on (the |)(hip|hips|waist)
(akimbo|hands-on-hips), [hand] on hip
§ [hand] propped on the waist
[hand] (rests|placed|resting|on|at) (on |)the (hip|hips|waist)
(places|puts|rests|keeps|with) [hand] on the (hip|hips|waist)""",
    "hand_behind_head": """[hand] (behind|clasped behind|at the back of) (the |your |)(head|neck)
[hand] (laced|interlocked) behind the head, elbows out
[fingers] at the back of the head
[hand] (clasped|placed|laced|held|cupped) (behind|at the back of) the (head|neck|ears)
(places|puts) [hand] behind the head""",
    "hand_face": """[hand] (at|near|in front of|up by|guarding|by) the (face|chin|cheek|mouth|head|forehead)
[fist] (up|raised) (by|in front of|protecting) the (chin|face|head)
(guard|hands) up (near|by) the (face|chin), [hand] high
§ [hand] shielding the face
[hand] (near|at|by|up to|before|guarding|protecting|covering|beside) the (face|chin|jaw|cheek|head|ear|mouth|eyes)
(brings|raises|holds|keeps|lifts) [hand] (to|near|up to|in front of|by) the (face|chin|head|mouth)
guard up, [fist] at the (chin|cheek|jaw)""",
    "hand_knee": """[hand] (on|to|near|at|touching|resting on) the (knee|knees|thigh)
[hand] (placed|pressed) on the (knee|knees)
[hand] at knee (height|level)
holding the (knee|knees|leg) with [hand]
[hand] (rests|pressing|placed|holding|touching|near) (on |)the (knee|knees|thigh|thighs)
(places|rests|presses) [hand] on the (knee|knees|thighs)""",
    "hand_foot": """[hand] (on|to|at|touching|reaching|holding|grabbing) the (foot|feet|ankle|ankles|toes)
(touch|touching|reach|reaching for|grabbing) the (toes|feet|ankles) with [hand]
[hand] near the feet
[hand] (grabs|holds|reaches|touches|clasps|catches|near) the (foot|feet|ankle|ankles|toes)
(reaches|stretches) [hand] (to|toward) the (toes|feet)""",
    "hand_above_head": """[hand] (above|over|higher than|lifted above) the head
[hand] (high|up high|raised high)
(ball|bar|weight|racket|hands) (raised|held|up|lifted|high) (above|over) the head, [hand] up
§ [hand] higher than the crown
[hand] (overhead|up high|raised above the head|at the top|reaching high)
(raises|lifts|holds|brings) [hand] above (the |)(head|face|forehead)
(ball|object|weight|bar) (overhead|above the head|held high|over the head)""",
    "hand_shoulder_height": """[hand] (at|raised to|lifted to|at about) shoulder (height|level)
[hand] level with the (shoulder|shoulders)
[arm] (up |raised |)to shoulder height
[hand] (lifted|raised|held|level|in line) (to|at|with) (shoulder height|shoulder level|the shoulders|chest level)
[hand] at the level of the shoulders""",
    "hand_waist_height": """[hand] (at|in front of|near|around) (the |)(waist|waist level|waist height|hip height|belly|stomach)
[hand] (low|held low), in front of the (hips|waist|belly)
(bar|ball|weight|hands) at (waist|hip) (level|height)
[hand] (near|at|by|beside|in front of) the (waist|hips|belly|navel|stomach)
(ball|bar|hands|weight|object) (at|near|by|in front of) the (waist|hips|belly)
[hand] held (low|at waist level)""",
    "hand_low": """[hand] (low|near the floor|near the ground|below the knees|reaching down|down by the (shins|ankles))
(reaching|reach|lowering) [hand] (down |)(toward|to) the (floor|ground|shins|feet)
(bar|ball|weight|hands) (near|close to|at|below) (the |)(shins|floor|knees), [hand] low
§ [hand] dropped past the knees
[hand] (reaches|reaching|lowered|dropped|stretched|close) (to|toward|near) the (floor|ground|feet|shins|ankles)
(reaches|lowers|drops|bends to bring) [hand] (toward|to|near) the (floor|ground)
(picking up|grabbing|touching) something (from|on) the (floor|ground), [hand] low""",
    "hand_behind_back": """[hand] behind (the |your |)(back|hips|lower back)
[hand] clasped behind the back
[hand] (tucked|held) behind
[hand] (held|clasped|placed|tucked|wrapped) behind the (back|body|waist)""",
    "hands_together": """(hands|palms|fists|both hands) (together|clasped|joined|touching|pressed together|close together)
hands (clasped|joined|gripping together)(| in front)
palms (together|touching|meeting)
§ fingers interlaced
(palms|hands|fists|fingers) (meet|meeting|joined|pressed|clasped|interlaced|together|touching)
(both hands|two hands) on (the |one |a )(bat|club|stick|ball|handle|bar|racket|sword)
(brings|joins|clasps|presses) the (hands|palms) together
two-handed grip""",
    "hands_wide": """hands (wide|wide apart|far apart|spread wide)
(wide|broad) (grip|arm span|reach)
arms (spread|stretched wide|opened wide|wide open)
hands (well |)outside the shoulders
(arms|hands) (open|spread|stretched|extended) (wide|to both sides|apart|fully)
(opens|spreads) the arms wide
wingspan (stretched|open)""",
    "hands_shoulder_width": """hands (shoulder-width apart|shoulder width apart|under the shoulders|at shoulder width)
arms parallel(|, shoulder-width apart)
(both hands|hands) (in line with|level with|directly in front of) the shoulders
hands (level|in line|aligned) with the shoulders
(arms|forearms|hands) parallel to each other""",
    "hips_rise": """(hips|pelvis|body) (rising|lifting|going up|moving up|driving up)
(rising|pushing|coming|driving|standing|pressing) (back |)up
(raise|raises|lift|lifts|drive|drives) the (hips|body) (up|upward)
(rises|stands up|pushes up|presses up|ascending|ascends|on the way up)
the (body|athlete|person) (rises|moves upward|comes up)
pushing through the (heels|feet) (to stand|to rise|upward)
§ travelling upward
(rises|rising|lifts|pushes|presses|drives|stands|climbs|comes) (up|upward|higher|back up|to the top)
(pushing|driving|pressing|extending) (up|upward) (from the bottom|through the legs|through the heels|with power|)
hips (driving|thrusting|moving|coming|shooting) (up|upward)
(stand|press|push|drive|come|rise) (up|back up|to standing)
(ascent|upward phase|way up|return)""",
    "hips_drop": """(hips|pelvis|body) (lowering|dropping|sinking|going down|moving down|descending)
(lowering|sinking|descending|dropping|going|bending) down
(lower|lowers|drop|drops|sink|sinks) the (hips|body)( down| toward the floor|)
(lowers|squats down|sits back|descends|on the way down)
the (body|athlete|person) (lowers|sinks|moves downward|goes down)
(hips|bottom) (sinking|moving) (back and down|toward the floor)
§ travelling downward
(lowers|lowering|sinks|sinking|drops|dropping|descends|bends|sits) (down|lower|the body|into position)
hips (sinking|dropping|moving|going|lowering) (down|downward|toward the (ground|heels|floor)|low)
(lower|sink|drop|squat|sit|bend) (down|low|back and down)
(descent|downward phase|way down|dip)""",
    "jump_up": """(jumping|jumps|leaping|leaps|jump) (up|off the ground|upward|)
(explosive|exploding|explodes|explode|springing) (jump|up|upward|off the floor)
(taking off|take-off|pushing off) (the ground|into the air|from the floor)
(launch|launching) (into the air|upward)
§ springs off the floor
(jumps|leaps|springs|explodes|launches|takes off|hops|bounds|vaults) (up|upward|high|into the air|off the ground|vertically|)
(pushes|drives|pushing|driving) off the (ground|floor) (explosively|into a jump|with force|)
(take-off|takeoff|jump|leap|hop|bound|lift-off)""",
    "landing": """(landing|lands|land)(| softly| on the feet| with bent knees| from the jump| back on the ground)
(coming|falling|dropping) (back |)down (from|after) (the|a) jump
(absorbing|absorb) the landing
(lands|landing|touches down|touching down|drops back) (softly|on both feet|on the ground|with bent knees|in balance|)
(cushions|absorbs|absorbing|cushioning) the (landing|impact)
(returns|coming back|falls back) to the ground""",
    "chest_rise": """(chest|torso|upper body|shoulders) (rising|lifting|coming up|moving up|going up)
(lift|lifting|raise|raising|lifts|peel|pull) the (chest|shoulders|upper body|torso)( up| off the floor|)
(pressing|pushing|pulling) the (body|chest|torso) (up|away from the floor)
(push|pushing|press|presses) (back |)up
§ breastbone travelling upward
(chest|torso|upper body|shoulders|back) (rises|lifts|comes up|peels up|moves upward)
(lifts|raises|pushes|presses|pulls|brings) the (chest|torso|upper body|body) (up|upward|away from the floor|toward the bar)
(pressing|pushing|pulling) (up|upward|yourself up)""",
    "chest_drop": """(chest|torso|upper body|shoulders) (lowering|dropping|going down|sinking)(| toward the floor)
(lower|lowering|lowers|bring|bringing) the (chest|body|torso|upper body) (down|toward the floor|to the floor|to the ground)
the (chest|body) (moves|comes) (down|toward the ground)
(lowering|lowers) (the body |)with control
§ breastbone travelling downward
(chest|torso|upper body|body) (lowers|drops|sinks|descends|dips|moves down)
(lowers|drops|brings|sinks|dips) the (chest|torso|upper body|body) (down|toward the (floor|mat|ground)|low)
(lower|bring) (yourself|the body) (down|toward the ground)""",
    "knee_extend": """[knee] (extending|straightening)
(extend|extending|extends|straighten|straightening|straightens) [leg]
(extend|straightening) [knee]
(push|pushing|driving|kicking) through [leg]
§ opening [knee]
[knee] (straightens|extends|opens|locks|snaps straight)
(straightens|extends|pushes|drives|opens) [leg]
[leg] (extending|straightening|pushing|unfolding|driving) (out|straight|)""",
    "knee_flex": """[knee] (bending|flexing)
(bend|bending|bends|flexing) [knee]
(pulling|drawing|bringing|tuck|folding) [leg] in
(curling|bend) [leg]
§ closing [knee]
[knee] (bends|flexes|folds|closes|tucks)
(bends|flexes|folds|tucks|draws|pulls) [leg] (in|up|)
[leg] (bending|folding|flexing|tucking) (in|)""",
    "elbow_extend": """[elbow] (extending|straightening)
(extend|extending|extends|straighten|straightening|straightens) [arm]
(press|pressing|push|pushing|presses) (up|away|out|down|forward) (with|through) [arm]
(pushing|pressing) [hand] (away|up|out)
(press|pushing|extend) the (bar|weight|dumbbells|handles|ball)( up| away| forward| down|) with [arm]
§ opening [elbow]
[elbow] (straightens|extends|opens|unfolds|snaps straight)
(straightens|extends|presses|pushes|drives|thrusts|punches) [arm] (out|up|forward|down|away|straight|)
[arm] (extending|pressing|pushing|unfolding|driving|straightening) (out|up|away|forward|down|)
(pushes|presses|pushing) the (bar|weight|handles|ball|floor) (away|up|down|forward|out)""",
    "elbow_flex": """[elbow] (bending|flexing)
(bend|bending|bends|flex|flexing|fold) [elbow]
(curl|curling|curls|pulling|bringing) [hand] (up|in|toward the (shoulder|shoulders|body))
(pull|pulling|draw|drawing|curling) the (bar|weight|dumbbells|handles|rope)( up| in| toward the body|) with [arm]
(lowering by bending|bending) [elbow]
§ closing [elbow]
[elbow] (bends|flexes|folds|closes)
(bends|flexes|folds|curls|pulls|draws|cocks) [arm] (in|up|back|)
[arm] (bending|curling|folding|pulling|flexing) (in|up|)
(pulls|curls|brings|draws|lowers) the (bar|weight|handles|ball|dumbbells) (in|up|toward the body|to the chest|down)""",
    "arm_raise": """[arm] (rising|lifting|going up|coming up|moving up|swinging up)
(raise|raising|raises|lift|lifting|lifts|bring|sweep|swing|swinging) [arm] (up|upward|)
(raise|lifting) [arm] (overhead|to the sides|forward|away from the body)
§ hoisting [arm]
[arm] (rises|rise|lifts|lift|sweeps|floats|swings|goes|comes) (up|upward|higher|to the sides|overhead|)
(raises|lifts|sweeps|swings|brings|floats|throws) [arm] (up|upward|overhead|out|away from the body|)
[arm] (sweeping|floating|moving|arcing) (up|upward)""",
    "arm_lower": """[arm] (lowering|coming down|going down|dropping|moving down)
(lower|lowering|lowers|bring|bringing|drop|swing) [arm] (down|back down|to the sides)
[arm] (returning|return) (to the sides|down|to the start)
§ letting [arm] descend
[arm] (drops|drop|falls|lowers|lower|descends|comes|sweeps) (down|downward|back down|to the side|)
(lowers|drops|brings|sweeps|releases|returns) [arm] (down|back down|to the sides|downward|)
[arm] (falling|returning|sinking|moving) (down|downward|to the sides)""",
    "hand_forward": """[hand] (moving|going|reaching|pushing|swinging) forward
(push|pushing|reach|reaching|thrusting|swing|swinging) [arm] (forward|out in front|away from the body)
[arm] (swinging|driving|extending) forward
[hand] (pushes|reaches|thrusts|drives|moves|extends|travels|swings|comes) (forward|ahead|out|to the front)
(pushes|reaches|throws|swings|drives|thrusts|extends) [arm] (forward|ahead|out in front)""",
    "hand_backward": """[hand] (moving|going|pulling|drawing|swinging) back
(pull|pulling|draw|drawing|swing|swinging|retract) [arm] (back|backward|toward the body|behind)
[arm] (swinging|driving|pulling) back
[hand] (pulls|draws|moves|swings|travels|goes|retracts) (back|backward|in|toward the body|behind)
(pulls|draws|swings|takes|brings|retracts|cocks) [arm] (back|backward|behind|in)
(backswing|wind-up|pull-back) of [arm]""",
    "hand_inward": """[hand] (moving|coming|swinging|sweeping) (in|inward|across|together|toward the middle)
(bring|bringing|sweep|swinging|squeezing) [arm] (in|inward|across the body|together)
(closing|hugging) [arm] inward
[hand] (sweeps|comes|moves|swings|closes|crosses) (in|inward|across|to the middle|together)
(sweeps|swings|brings|closes|whips) [arm] (across|inward|together|across the body)""",
    "hand_outward": """[hand] (moving|going|swinging|sweeping|opening) (out|outward|apart|to the side)
(open|opening|sweep|swinging|spread|spreading) [arm] (out|outward|wide|to the side|to the sides)
[hand] (sweeps|moves|swings|opens|spreads|travels) (out|outward|apart|to the side)
(sweeps|swings|opens|spreads|fans) [arm] (out|outward|open|apart|wide)""",
    "strike": """(punching|striking|throwing|hitting|punch|jab) with [arm]
[arm] (shoots|snaps|thrusts|fires|extends) out (fast|quickly|explosively|)
(throwing|hitting|striking|spiking) (motion |)with [arm]
(fast|explosive|powerful) (extension|thrust|release) of [arm]
(release|releasing|throw) (the ball|) with [hand]
(punches|strikes|throws|hits|smashes|jabs|serves|spikes|thrusts) (hard|fast|forward|the ball|) with [arm]
[arm] (punches|strikes|thrusts|shoots|snaps|fires|whips) (out|forward|through|)
(release|impact|contact|punch|strike|throw) with [arm]""",
    "swing_fast": """(swinging|whipping|swing|sweeping) [arm] (fast|quickly|powerfully|)
[arm] (moving|swinging|whipping) (fast|quickly|rapidly|at speed)
(fast|quick|powerful|vigorous) (swing|stroke|movement) of [arm]
(swing|swings) the (bat|racket|club|arm) with [arm]
[arm] (whips|swings|sweeps|flies|accelerates|snaps) (through|around|across|fast|forward|)
(whips|swings|sweeps|accelerates) [arm] (through|around|across|fast|)
(swinging|swing|stroke|throw|whip) at (full |high |)speed""",
    "foot_up": """[foot] (lifting|rising|leaving the (floor|ground)|coming up|going up)
(lift|lifting|lifts|raise|raising|pick up|picking up) [foot]
(lift|lifting|raising|kick|swing|swinging) [leg] (up|off the (floor|ground))
§ [foot] peels off the floor
[foot] (lifts|rises|comes up|leaves the ground|swings up|kicks up)
(lifts|raises|kicks|swings|brings|picks) [leg] (up|off the ground|upward)""",
    "foot_down": """[foot] (lowering|coming down|stepping down|going down|landing)
(lower|lowering|place|placing|put|putting|stepping) [foot] (down|back down|on the (floor|ground))
(lower|lowering|bring|returning) [leg] (down|back down)
[foot] (lowers|drops|lands|steps|returns|comes back) (down|to the ground|to the floor|)
(lowers|drops|returns|places|plants|sets) [foot] (down|on the ground|back on the floor)""",
    "leg_swing_forward": """[leg] (swinging|moving|driving|coming) (forward|through|to the front)
(swing|swinging|drive|driving|kick|kicking|step|stepping|bring) [leg] (forward|through|in front)
[foot] (steps|stepping|swings|kicks) forward
[leg] (swings|drives|steps|sweeps|kicks|moves|strides|comes) (forward|through|ahead|to the front)
(swings|drives|steps|kicks|brings|strides) [leg] (forward|through|ahead)
(steps|step|stepping|strides|striding) forward""",
    "leg_swing_back": """[leg] (swinging|moving|driving|going|stepping) (back|backward|behind)
(swing|swinging|kick|kicking|step|stepping|extend|draw) [leg] (back|backward|behind)
[foot] (steps|stepping|swings|slides) back
[leg] (swings|steps|kicks|extends|moves|slides|reaches) (back|backward|behind|rearward)
(swings|steps|kicks|draws|slides|shoots|takes) [leg] (back|behind|backward)
(steps|step|stepping|jumps|hops) back""",
    "kick": """(kicking|kick|kicks) with [leg]
[leg] (kicks|kicking|snaps|whips|swings) (up|out|forward|fast|through the ball)
(fast|powerful|snapping|explosive) kick (with|of) [leg]
[foot] (strikes|kicking|swinging fast)
(kicks|kicking|snaps|whips|swings|strikes|boots) [leg] (up|out|forward|hard|high|through|)
[leg] (kicks|snaps|strikes|whips) (out|up|forward|)
(kick|striking|kicking) with [foot]""",
    "leg_out": """[leg] (moving|opening|going|stepping|swinging) (out|outward|to the side|sideways)
(step|stepping|open|opening|swing|kick|jump) [leg] (out|wide|to the side)
(steps|jumps|kicks|swings|slides|opens|extends) [leg] (out|to the side|wide|sideways)
[leg] (opens|steps|slides|swings) (out|wide|to the side)""",
    "leg_in": """[leg] (moving|closing|coming|stepping|swinging) (in|inward|back to the middle)
(step|stepping|close|closing|bring|swing) [leg] (in|back in|together)
(steps|jumps|brings|draws|slides|closes) [leg] (in|together|back to center)
[leg] (closes|comes|slides|returns) (in|to the center)""",
    "running_legs": """(running|jogging|sprinting|runs|striding|run)
legs (alternating|cycling|pumping|scissoring|moving past each other)
(running|walking) (stride|gait|strides)
(legs|feet) (switching|swapping|driving) (quickly |)(one after the other|in turn|back and forth)
(taking steps|stepping|walking) (forward|with alternating legs)
(runs|running|jogs|sprints|strides|walks|walking|jogging) (forward|in place|fast|steadily|)
(alternates|alternating|switches|switching|cycles|pumps) (the legs|legs|feet|steps|knees)
(run-up|approach run|approach|stride pattern|footwork)
legs (drive|move|scissor|pump) (in turn|alternately|rhythmically)""",
    "bend_over": """(bending|leaning|folding|hinging|tipping) (forward|over|forward at the hips|down)
(bend|lean|fold|hinge|bow) (forward|over|at the hips|at the waist)
(torso|chest|upper body) (moving|tilting|folding|lowering|leaning) forward
§ pitching the trunk downward
(bends|leans|folds|hinges|tips|bows|dips|crouches) (forward|over|down|at the hips|at the waist)
(torso|chest|upper body|back) (folds|tips|leans|dips|drops|hinges) (forward|down|toward the floor)
(hinging|bowing|diving|reaching) (forward|down)""",
    "straighten_up": """(straightening|standing|coming|rising) (up|up straight|back up|upright)
(straighten|lift|raise|lifting) the (back|torso|trunk|body) (up|upright|back to upright)
(torso|chest|upper body) (rising|lifting|returning to upright|coming up)
(extending the hips|hips driving forward) to (stand|stand tall|come up)
§ unrolling to vertical
(straightens|rises|comes|stands|rolls|returns|lifts|unfolds) (up|back up|upright|to upright|to standing|tall)
(torso|chest|upper body|back) (rises|lifts|straightens|comes up|returns upright|unfolds)
(extends|extending|opens|drives|thrusts) the hips (to stand|forward|)""",
    "hips_fold": """(hips|body) (folding|flexing|closing|bending)
(bringing|pulling|drawing|bring) the (knees|legs|thighs) (in|up|toward the (chest|torso))
(flexing|bending|folding) at the hips
(legs and torso|knees and chest) coming together
(folds|closes|flexes|bends|tucks) (at |)the hips
(brings|pulls|draws|tucks|drives) the (knees|legs|thighs) (in|up|to the chest|toward the torso)
(tucks|curls|folds) the body""",
    "hips_open": """(hips|body) (opening|extending|straightening|unfolding)
(extending|extend|thrusting|opening|driving) the hips(| forward|)
(legs|body) (extending|stretching out|straightening|lengthening)
(opens|extends|drives|thrusts|snaps|pushes) the (hips|body) (open|forward|through|)
(stretches|lengthens|unfolds|extends) the (body|legs|hips)
(hip extension|hips extend|hips snap)""",
    "turn": """(turning|turn|turns|rotating|spinning|spins|pivoting) (the whole body |around |)to [the side]
(spin|spinning|turn|pivot|pivoting|rotating)(| around| on the spot| on one foot)
(whole body|body) (turning|rotating|spinning)
§ going round to [the side]
(turns|rotates|spins|pivots|twirls|whirls|swivels) (around|to [the side]|on the spot|the body|)
(pirouette|spin|turn|rotation|pivot)
(turns|faces) to [the side]""",
    "rotate": """(torso|shoulders|upper body|trunk|chest) (rotating|turning|twisting) to [the side]
(rotate|rotating|twist|twisting|turn|swinging) the (torso|shoulders|hips|trunk) (through |)to [the side]
(uncoiling|winding up|rotating) the (body|trunk|torso)
(rotates|turns|twists|uncoils|coils|swings|opens) the (torso|shoulders|hips|trunk|upper body) (to [the side]|through|)
(hips|shoulders|torso|trunk) (rotate|turn|uncoil|twist|open|swing) (to [the side]|through|)""",
    "tip_side": """(leaning|bending|tilting|reaching) over to [the side]
(bend|lean|tilt|tip) (the torso |)to [the side]
(body|torso) tipping sideways to [the side]
(leans|bends|tilts|tips|sways|reaches) (to [the side]|sideways|over to [the side])""",
    "feet_apart": """(feet|legs) (moving apart|spreading|opening|stepping apart|jumping apart)
(stepping|step|jump|jumping|hop) the feet (apart|wide|out)
(widening|opening) the stance
(stepping|step) into a (lunge|long stance|wide stance)
(feet|legs) (jump|step|move|slide|spread|split) (apart|out|wide|open)
(jumps|steps|slides|spreads|hops) the (feet|legs) (apart|out|wide)
(steps|stepping|strides) (out|into a wide stance|into a long stance)""",
    "feet_close": """(feet|legs) (coming together|closing|stepping together|jumping together)
(stepping|step|jump|bringing|bring) the feet (together|back together|in)
(narrowing|closing) the stance
(feet|legs) (jump|step|come|slide|snap) (together|in|closed)
(jumps|steps|slides|brings|draws) the (feet|legs) (together|in)""",
    "still": """(holding|hold|holds|held|keeping|pausing in) (still|the position|the pose|steady|this position|motionless)
(still|motionless|no movement|steady|static|frozen)
(pause|pausing|pauses|staying still|waiting)(| for a moment)
(ready|balanced and still|settled)
(holds|hold|maintains|keeps|sustains|stays in|pauses in) (the |this |a |)(position|pose|stance|posture|balance|shape|hold)
(stationary|motionless|steady|static|fixed|frozen|stable)
(pause|pauses|hold|waits|settles|stillness)""",
    "fast": """(fast|quick|rapid|explosive|dynamic|vigorous) (movement|motion|action)
moving (fast|quickly|explosively|dynamically)
(explosively|at full speed|with speed)
(quickly|rapidly|explosively|dynamically|powerfully|swiftly|forcefully)
(explosive|quick|rapid|powerful|dynamic|swift) (motion|movement|action|burst)""",
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
