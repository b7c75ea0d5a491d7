# ruff: noqa: E501 (one wording a line)
"""Hand-written descriptions of every named posture, as a step of a script would put them.

Grammar as in `phrases`. Below a posture's name ("= name"), a plain line describes being in it,
"> " moving into it, "< " moving out of it, "§ " is held out for testing. A line with the words
left or right belongs to that side (its mirror image, with the words swapped, to the twin posture);
a line without them belongs to both.
"""

from __future__ import annotations

_TEXT = """
= standing
(standing|stand) (tall|upright|naturally|relaxed) with arms (at the sides|by the sides|hanging down)
neutral (standing|stance), feet under the hips, arms relaxed
(starting|return to the starting|initial) position, standing (upright|straight) with arms down
> (returns|returning|come back|back) to (standing|a standing position|an upright stance)
§ upright on both feet, arms loose at the hips
(person|athlete|player|dancer) stands upright with arms (relaxed|hanging) at the sides
(upright|starting|ready) stance with arms down
= standing feet apart
(standing|stand) with feet (hip-width|shoulder-width) apart, arms at the sides
feet shoulder width apart, body upright, arms down
(stands|standing) with legs slightly apart
= standing wide legs
(standing|stand) with (feet|legs) wide apart, arms down
wide stance, legs straight
= standing feet wide, arms out to the sides
(star|five-pointed star) pose, feet wide and arms stretched out
standing with legs wide and arms extended to the sides
legs apart and arms out like a star
= standing hands on hips
(standing|stand) with hands on hips
hands on the waist, elbows out, standing tall
(stands|standing) with both hands on the hips
= standing arms crossed
arms (crossed|folded) (over|across|in front of) the chest
standing with folded arms
= standing hands behind back
hands (clasped|held) behind the back
at ease, hands behind the lower back
= standing hands behind head
hands behind the head, elbows (wide|out)
fingers laced behind the neck, standing
= standing prayer hands at chest
(palms pressed together|prayer hands|hands in prayer|namaste) (at|in front of) the (chest|heart)
hands to heart center, standing
bring the palms together at the chest
= standing hands clasped in front
hands (clasped|joined) in front of the (hips|body|pelvis)
= clapping hands together
(clapping|hands meeting in a clap) in front of the chest
palms together in front
= clapping hands apart
hands apart in front of the body, ready to clap
= clapping overhead
(clapping|hands touching) (overhead|above the head)
hands meet above the head
= arms forward
arms (raised|extended|held) straight (forward|out in front) at shoulder height
(zombie arms|both arms out in front), standing
> raise both arms (forward|to the front) to shoulder height
both arms held out straight before the chest
= arms overhead
both arms (raised|stretched|extended|reaching) (straight up|overhead|to the ceiling)
(reach|reaching|stretch) up tall with both arms
upward salute, arms overhead
> (sweep|raise|raising|lifting|reach) (both |the )arms up overhead
< lower the arms from overhead
§ both hands reaching for the sky while on the feet
both arms (lifted|held|extended) high above the head
arms extended fully overhead, body tall
= arms overhead in a V
arms up in a V (shape|)
arms raised high and wide (in celebration|in victory|)
= arms out to the sides
arms (extended|stretched|held|raised) out to the sides (at shoulder height|in a T|horizontally)
T-pose
(spread|open) the arms wide like wings
> (open|raise|lift) the arms out to the sides
arms lifted to shoulder height on both sides
body in a T shape, arms horizontal
= arms behind
arms (extended|stretched|swung|pulled) behind the body
both arms drawn back
= arms half raised to the front
arms half raised in front, hands at waist height
= hands up, elbows bent
hands up, elbows bent at right angles at shoulder height
(goalpost|cactus) arms
hands raised in surrender
= right arm overhead
right arm (raised|reaching|stretched) overhead, left arm down
one arm (raised|reaching) overhead, the other by the side
(raise|raising) one hand high
= right arm forward
right arm extended forward, left arm down
one arm (extended|stretched) forward at shoulder height
= right arm out to the side
right arm extended out to the side
one arm (extended|raised) out to the side
= right arm up, left arm out to the side
right arm up, left arm out to the side
one arm up and the other out to the side
= waving, right hand high
(waving|wave) (hello|goodbye|) with (the|one) (raised |)hand
hand raised beside the head, waving
right hand up waving
one hand raised, waving
= waving, right hand tilted out
(waving|wave) from side to side with a raised hand
= saluting with the right hand
(saluting|salute), hand at the (forehead|temple|brow)
hand raised to the brow
= drinking with the right hand
(drinking|drink|sipping), hand (raised |brought |)to the mouth
lifting a (cup|glass|bottle) to the mouth
= phone at the right ear
holding a phone to the ear
hand at the ear, elbow bent
= reading, hands in front of the chest
(reading|looking at a phone|typing), hands in front of the chest, head down
holding a book in front of the chest
= pointing forward with the right arm
(pointing|points) (straight |)(ahead|forward) with one arm
right arm pointing forward
= pointing up with the right arm
(pointing|points) up to the (sky|ceiling) with one arm
right arm pointing up
= reaching up with the right arm on tiptoe
reaching up (high|to a high shelf) with one arm, on tiptoe
stretching up on the toes, one hand high
= reaching forward with both arms
reaching (forward|out) with both (arms|hands)
leaning in, arms outstretched
= bowing
(bowing|bow|takes a bow) forward from the waist
bending politely at the waist
bends forward from the waist in a bow
= bowing a little
(slight bow|nodding bow)
leaning forward a little from the waist
= picking up from the floor, knees bent
(bending|crouching|squatting) (down |)to pick something up (from|off) the (floor|ground)
reaching to the floor with bent knees
grab the (ball|object|weight) from the floor
squats and reaches down to the floor
= picking up from the floor, legs straight
bending over with straight legs to reach the floor
(toe touch|touching the floor|touching the toes) with legs straight
= carrying in front of the belly
(carrying|holding) (a box|an object|a load) in front of the (belly|waist)
forearms horizontal in front of the body, elbows at the sides
= throwing overhead with both hands, wound up
both hands behind the head ready to throw
winding up a two-handed overhead throw
= throwing overhead with both hands, released
releasing a two-handed overhead throw, arms forward and up
throwing the ball forward with both hands
= side bend to the right, arms overhead
(standing side bend|crescent|crescent moon), arms overhead, leaning to one side
leaning to the right with both arms overhead
bend sideways with arms stretched overhead
(lateral|side) stretch with arms up, torso curved to one side
= side bend to the right, left arm overhead
bending to the right with the left arm over the head
side stretch with one arm (arched |)over the head
= torso turned to the right, arms out
(torso|upper body) twisted to the right, arms out
trunk rotation with arms extended to the sides
torso rotates to one side with arms outstretched
= torso turned to the right, hands at chest
(upper body|torso) turned to the right, hands at the chest
standing twist, hands in front of the chest
= leaning back, hands on hips
leaning back with hands on the hips
standing back extension, hands support the lower back
= shrugged and slouched
slouching, shoulders rounded, head down
hunched shoulders
= looking up
standing and looking up
head tilted back, gaze to the ceiling
= looking down
standing and looking down
head bowed, chin to the chest
= looking to the right
head turned to the right
looking to one side
= heels raised
(calf raise|heel raise), standing on the toes
heels lifted high off the floor, calves contracted
(rise|rising|up) onto the toes
> (raise|raising|lift) the heels, pushing up onto the balls of the feet
< lower the heels back to the floor
(standing|balanced) on tiptoe with heels off the ground
= heels raised, arms overhead
on tiptoe with arms overhead
rising on the toes, reaching up
= standing on the right leg, left knee raised
standing on the right leg with the left knee raised
(standing|balancing) on one leg, the other knee lifted to hip height
one knee raised in front, single-leg balance
> lift one knee up to hip height
one thigh lifted to horizontal, standing on the other leg
(balance|stand) on one foot with the other knee up
= standing on the right leg, left knee hugged
hugging one knee to the chest while standing
standing knee hug
= standing on the right leg, left heel to buttock
(standing quad stretch|quad stretch), heel to the buttock
holding one foot behind while standing
= standing on the right leg, left leg out to the side
standing on one leg, the other leg raised out to the side
(standing leg abduction|side leg raise)
standing on the right leg, left leg lifted sideways
= standing on the right leg, left leg forward
standing on one leg, the other leg extended forward
straight leg raised low in front
= standing on the right leg, left leg back
standing on one leg, the other leg extended back
standing hip extension, leg kicked back
= walking, right foot forward
(walking|walks|taking a step), one foot forward
(stepping|step) forward with the right foot, left heel lifting
walking stride, arms swinging
(walks|strolls|walking) forward with natural arm swing
= walking, right leg passing
walking, one leg swinging past the other
mid-step, foot passing the standing leg
= marching, right knee high
(marching|march) in place, knee lifted high
marching with opposite arm and knee up
(marches|marching), knees lifted high one at a time
= quarter squat
quarter squat, knees slightly bent
slight knee bend, hips back a little
athletic ready stance, knees (softly |)bent
slight dip of the knees
(knees slightly bent, ready to move|soft knees, ready stance)
= half squat, arms forward
half squat with arms (reaching|extended) forward
> (lowering|descending|sinking|sitting back) into the squat, (hips back|arms reaching forward)
< (rising|driving up|pushing up) out of the squat
knees half bent, hips back, arms in front for balance
> hips move back and down while the arms reach forward
= parallel squat, arms forward
(knees bent, hips pushed back|bodyweight squat|air squat), arms (reaching|extended) forward
squat with thighs parallel to the (floor|ground)
(bottom|lowest point) of a (bodyweight |)squat
> squat down until the thighs are parallel to the floor
< (stand|press|drive) back up from the squat (through the heels|)
§ haunches lowered to knee height, arms out for balance
(squat|squatting) with hips at knee level and arms straight ahead
knees bent about 90 degrees, hips low, chest up
full depth of the squat with thighs level
> (bend|bends) the knees and (lower|lowers) the hips (toward the floor|as if sitting)
< (push|pushes|drive|drives) through the heels to (stand|straighten the legs)
= deep squat, arms forward
deep (bodyweight |)squat, hips below the knees, arms forward
full squat, thighs past parallel
squat all the way down
hips sink close to the heels, arms out front
= deep squat, hands at chest
(goblet squat|deep squat), (hands|weight|kettlebell|dumbbell) (held |)at the chest, elbows inside the knees
(garland pose|malasana|yogi squat), palms together at the chest
low squat with hands in front of the chest
= half squat, hands at chest
half squat with (hands|the weight) at the chest
= barbell back squat top
standing with the barbell (across|on) the (upper back|shoulders), hands gripping the bar
bar racked on the shoulders behind the neck, standing tall
< (brace|unrack|begin) and (start|begin) to squat with the bar on the back
(stands|standing) upright with a barbell across the shoulders, elbows bent
= barbell back squat bottom
squat with the barbell on the (upper back|shoulders)
(bottom of the|deep) (barbell |back )squat, bar on the shoulders, thighs parallel
> lower into the squat with the bar on the back
< drive up out of the squat with the bar on the back
knees bent deeply with the bar on the shoulders
> descends under the bar, hips back and knees bending
< rises under the bar to standing
= front squat top
barbell in front rack, elbows high, standing
bar resting on the front of the shoulders, elbows up
= front squat bottom
front squat, elbows high, (torso upright|hips below the knees)
squatting with the bar on the front of the shoulders
= squat with arms overhead
overhead squat, arms locked out overhead
squatting with the (bar|arms) held overhead
deep squat while both arms stay vertical overhead
= sumo squat bottom
(sumo|wide-stance|plié) squat, (knees|toes) (pointing |turned )out
wide squat with the knees out, thighs parallel
> lower into the wide squat
wide-legged squat with knees pushed outward
= sumo squat top
wide stance, toes turned out, standing
standing with feet wide and toes out
= goddess
goddess pose, wide squat with arms in cactus
wide-legged squat, elbows bent at shoulder height
horse stance with goalpost arms
= single leg squat on the right leg
(pistol squat|single-leg squat), the other leg extended forward
squatting on one leg
= wall sit
wall sit, (back against the wall|thighs parallel)
sitting against a wall without a chair
holds a seated position without a chair, thighs level
= side lunge to the right
(side|lateral) lunge, one leg bent, the other straight
lunging sideways to the right
shift the weight over one bent knee, other leg straight
skater or Cossack position
> step out to the side into a lateral lunge
one knee bends deeply while the other leg stays straight out to the side
= curtsy lunge, right leg behind
curtsy lunge, one leg crossed behind
step one leg behind and across
= lunge, right leg forward
(forward lunge|deep lunge), back knee (close to|hovering above|just above) the floor
lunge with the right leg forward, both knees at 90 degrees
front thigh parallel, back knee down near the floor
(step forward into|lunge down into|drop into) a lunge
> (step|stepping) forward (with one leg |)and lower into a lunge
> lower the back knee toward the floor
< push off the front foot and return (to standing|up)
< drive up out of the lunge
§ front shin vertical, rear knee nearly brushing the floor
(forward|deep|static) lunge with the back knee lowered
front knee at a right angle, rear knee near the ground
one leg steps forward and both knees bend
(steps|step) into a (deep|long) lunge, torso upright
> (takes|take) a (long|big|large) step forward and (sinks|drops|lowers) (into a lunge|)
< (pushes|push) back to standing from the lunge
= half lunge, right leg forward
shallow lunge, one leg in front, both knees bending
> bending both knees in a split stance
= split stance, right leg forward
split stance, right leg forward
(staggered|split) stance, one foot in front of the other
= lunge, right leg forward, hands on hips
lunge with hands on the hips
= lunge, right leg forward, arms overhead
(high lunge|crescent lunge), arms (raised |)overhead
deep lunge, back leg straight, arms reaching up
> rise into a crescent lunge, sweeping the arms overhead
lunge with both arms reaching up
one foot forward, knee bent, arms lifted overhead
= low lunge, right leg forward, hands on the floor
(low lunge|runner's lunge), hands on the floor beside the front foot
step one foot back, hands framing the front foot
> step one foot (back|forward) into a low lunge, hands on the floor
one leg steps back long, both hands by the front foot
= low lunge, right leg forward, arms overhead
low lunge, back knee on the mat, arms overhead
(anjaneyasana|crescent low lunge), back knee down, chest lifted
= bulgarian split squat, right leg forward
Bulgarian split squat, rear foot elevated on a bench
split squat with the back foot raised
= warrior 1, right leg forward
(warrior one|warrior I|warrior 1|virabhadrasana I), front knee bent, arms overhead
front knee bent, back leg straight with the heel down, arms reaching up, hips facing forward
> step back into warrior one and raise the arms
lunge stance with arms stretched up and hips square
> front knee bends as the arms lift overhead
= warrior 2, right knee bent
(warrior two|warrior II|warrior 2|virabhadrasana II), (front knee bent|arms out to the sides|gaze over the front hand)
(wide stance|legs wide), one knee bent, arms extended out to the sides, (looking over the front hand|torso upright)
right knee bent, left leg straight, arms stretched out (horizontally|parallel to the floor)
> (bend|bending) the front knee and (open|extend) the arms into warrior two
arms (spread|extended) horizontally in line with the legs, front knee bent, gaze sideways
lunge to the side with arms parallel to the floor
> sinks into a wide side-facing lunge, arms opening
= warrior 3, standing on the right leg
(warrior three|warrior III|warrior 3|virabhadrasana III)
balancing on one leg, torso and back leg horizontal, arms reaching forward
body in a T shape on one leg
torso tips forward as the back leg lifts, forming a T
body and lifted leg parallel to the floor, standing on one leg
> tips forward onto one leg, back leg rising
= reverse warrior, right knee bent
(reverse warrior|peaceful warrior), leaning back, one arm up
front knee bent, torso leaning back, front arm reaching up and back
= side angle, right knee bent
(extended side angle|side angle pose), forearm on the thigh or hand to the floor, top arm over the ear
front knee bent, torso leaning over the thigh, one arm overhead
= triangle to the right
(triangle pose|trikonasana|extended triangle), one hand to the shin, the other arm up
legs straight and wide, torso tipped sideways, one hand down and the other reaching to the ceiling
straight legs apart, bending sideways to reach the foot, top arm vertical
> tip the torso sideways over the straight front leg, reaching down
§ trunk tipped over one straight leg, arms in a vertical line
side bend over a straight leg, arms in one vertical line
one hand reaches down to the ankle while the other points up
= wide legs, arms out for triangle
legs wide and straight, arms stretched out to the sides
= pyramid, right leg forward
(pyramid pose|intense side stretch), folding over the straight front leg
both legs straight, one in front, torso folded over it
torso folds over the front leg, both legs straight
= wide legged forward fold
wide-legged forward fold, hands on the floor
legs wide and straight, folding forward
straddle stance, torso hanging forward, head down
= kneeling upright
(kneeling|kneel) upright on both knees, (hips extended|torso tall)
tall kneeling
kneels on both knees with the body tall
= kneeling upright, arms overhead
kneeling with arms overhead
= sitting on the heels
(kneeling|sitting back) with hips on the heels
(thunderbolt|hero|vajrasana|seiza) (pose|sitting)
> sit back onto the heels
= half kneeling, right foot forward
half-kneeling, one knee down, one foot planted in front
down on one knee
(proposal|genuflect) position, one knee on the floor
one knee rests on the floor while the other foot is planted ahead
= half kneeling, right foot forward, hands on knee
half-kneeling hip flexor stretch, hands on the front knee
= camel
(camel pose|ustrasana), kneeling backbend, hands to the heels
kneeling, arching back with the chest lifted, hands reaching for the heels
> arch back from kneeling, hands toward the heels
on the knees, body arched backward
= child's pose
(child's pose|balasana), (arms extended forward|forehead to the mat)
kneeling, hips back on the heels, torso folded over the thighs, arms stretched forward
> sit the hips back to the heels into child's pose
§ rump on heels, brow to the mat, arms long ahead
curled forward over the knees with arms stretched out in front
(rests|resting) folded over the thighs, forehead down
= child's pose, arms along the body
child's pose with the arms beside the body
curled up, forehead on the floor, arms alongside
= sitting on a chair
(sitting|seated) on a (chair|bench|stool|machine), feet on the floor
sitting upright with hands on the lap
> sit down on the (chair|bench)
< stand up from the (chair|bench|seat)
sits upright on a seat with feet flat
> lowers the hips onto the seat
< rises from the seat to stand
= sitting on a chair, hands on knees
sitting on a chair with hands on the knees
= sitting on a chair, leaning forward
sitting and leaning forward, elbows toward the knees
= sitting on a chair, arms overhead
sitting with both arms raised overhead
= sitting down, half way
half way between sitting and standing
> (lowering|about to sit) onto the chair
< rising from the chair
= sitting, legs extended forward
seated with legs extended straight out (leg extension|knee extension machine)
(leg extension|leg press), knees straight
> extend the knees, lifting the pads (leg extension|)
= sitting, arms at chest height, elbows back
seated chest press start, (handles|hands) at the chest, elbows bent (and out|back)
(handles|grips) close to the chest, elbows bent, back against the pad
> let the handles return to the chest (slowly|), elbows bending
seated pec deck or chest press, elbows out wide
seated with elbows bent and hands beside the chest
= sitting, arms pressed forward
seated chest press, arms (pressed|extended|straight) forward
handles pushed (away|forward) until the arms are straight
> (push|press|pressing) the handles forward (away from the chest|until the arms are straight)
seated with both arms extended forward from the chest
> both arms press straight forward while sitting
= sitting, dumbbells at the shoulders
seated (shoulder|dumbbell) press start, weights at the shoulders
sitting with dumbbells at shoulder height, elbows bent
= sitting, dumbbells pressed overhead
seated (shoulder|overhead) press, arms (extended|locked) overhead
sitting with weights pressed overhead
> press the dumbbells overhead while seated
seated with both arms straight overhead
= sitting, arms reaching up for the pulldown
seated lat pulldown start, arms reaching up to the bar
sitting with arms extended overhead gripping the bar
seated with arms up, gripping a bar above
= sitting, pulldown at the chest
lat pulldown, bar pulled (down |)to the (upper chest|collarbone)
seated, elbows pulled down beside the ribs
> pull the bar down to the chest, elbows driving down
seated with the bar pulled down to the upper chest
= seated row, arms extended
seated cable row start, arms extended forward
sitting, arms straight forward gripping the handle
seated with arms stretched forward holding the handle
= seated row, hands at the belly
seated row, handle pulled to the (belly|waist|stomach), elbows back
> row the handle to the torso, squeezing the shoulder blades
seated with elbows drawn back and hands at the waist
= rowing catch
rowing catch, knees bent, shins vertical, arms straight forward
(compressed|rolled forward) on the rowing machine, arms reaching
knees fully bent and arms stretched forward on the rower
= rowing finish
rowing finish, legs straight, leaning back, handle at the chest
> drive with the legs and pull the handle to the chest
legs straight, torso leaning back, hands pulled to the ribs
= preacher curl bottom
preacher curl, arms extended down the pad
upper arms on the (preacher |)pad, elbows (almost |)straight
> lower the (bar|weight) down the pad until the arms are straight
arms stretched down over the angled pad
= preacher curl top
preacher curl top, forearms vertical, weight near the face
upper arms resting on the pad, elbows bent
> curl the (bar|weight) up from the pad toward the shoulders
elbows bent on the pad, hands lifted toward the face
= cycling, right knee up
(cycling|riding|pedalling) (a bike|), one knee up
bent forward over the handlebars, pedalling
legs pedal in circles while the torso leans on the handlebars
= sitting cross-legged
(easy pose|sukhasana|lotus|cross-legged seat|meditation), hands on knees
sitting cross-legged on the (floor|mat)
seated meditation posture with folded legs
= sitting cross-legged, arms overhead
sitting cross-legged with arms overhead
= sitting cross-legged, prayer hands
sitting cross-legged with palms together at the heart
(meditating|meditation) with hands in prayer
= sitting cross-legged, twisted to the right
seated twist, one hand behind
cross-legged twist to the right
= sitting on the floor, legs straight
(staff pose|dandasana), legs straight in front, back upright
sitting on the floor with legs extended
seated upright with both legs extended forward
= seated forward fold
(seated forward fold|paschimottanasana|sit and reach), reaching for the feet
sitting with straight legs, torso folded forward, hands at the feet
> fold forward over the straight legs
seated, reaching toward the toes with straight legs
torso bends over outstretched legs on the floor
= sitting on the floor, knees bent
sitting on the floor with the knees bent, feet flat
= sitting on the floor, leaning back on the hands
sitting, leaning back on the hands
= sitting on the floor, legs wide
(wide-legged seat|straddle), legs spread wide on the floor
= butterfly seat
(butterfly|bound angle|cobbler's) (pose|stretch|seat), soles of the feet together, knees out
seated with soles together and knees dropped to the sides
= boat
(boat pose|navasana|V-sit), legs and torso lifted, arms forward
balancing on the sit bones, body in a V shape
> lift the legs and lean back into boat
balanced on the buttocks, legs and chest lifted in a V, arms reaching forward
= boat, knees bent
half boat, knees bent, shins parallel to the floor
balancing on the buttocks with the knees bent and feet lifted
= russian twist, hands to the right
Russian twist, hands (to one side|beside the hip), feet off the floor
leaning back, twisting the hands to the right
seated lean-back with the hands swung to one side
= pigeon, right leg forward
pigeon pose, front knee bent, back leg extended behind
one shin forward on the mat, other leg straight back
one leg folded in front, the other stretched straight behind
= half splits, right leg forward
half splits, front leg straight, kneeling on the back knee
hamstring stretch over one straight leg, kneeling
= hurdler stretch, right leg forward
hurdler stretch, one leg straight, reaching to the foot
= lying on the back
(corpse pose|savasana), lying flat on the back, arms by the sides
lying on the back, legs straight
> (lower|roll|lie) down onto the back
§ flat out facing the ceiling, limbs relaxed
(lies|lying) flat on the back with arms and legs relaxed
= lying on the back, arms overhead
lying on the back, arms stretched overhead
= lying on the back, arms out to the sides
lying on the back, arms out in a T
= lying on the back, knees bent
lying on the back with knees bent, feet flat on the floor
(sit-up|crunch|bridge) start position, lying down, knees bent
> lower the (back|shoulders|torso|hips) to the floor
(lies|lying) on the back, knees up, feet on the floor
= lying on the back, knees hugged
lying on the back, hugging both knees to the chest
= lying on the back, right knee hugged
lying on the back, one knee hugged to the chest
= bridge
(bridge pose|glute bridge|hip thrust), hips lifted, shoulders on the floor
hips raised in line with knees and shoulders
> (lift|drive|press|thrust) the hips up (toward the ceiling|off the floor), squeezing the glutes
< lower the hips back to the floor
hips held high, weight on feet and shoulders
(pelvis|hips) lifted until the thighs and torso align
> (raises|raise|pushes|thrusts) the (hips|pelvis) off the (mat|ground)
< (lowers|lower) the hips down
= single leg bridge, right leg up
single-leg bridge, one leg extended up, hips lifted
= wheel
(wheel pose|full backbend|upward bow|bridge on straight arms), hands and feet on the floor, chest up
> press up into a full backbend
body arched in a full backbend on hands and feet
= crunch top
crunch, shoulders lifted off the floor, hands behind the head
> curl the shoulders off the mat
shoulder blades off the floor, abdominals contracted
= sit-up top
top of the sit-up, torso upright near the knees
(sit-up|sit up), chest to the knees
> sit all the way up
sits fully up with the knees bent
> (torso|upper body) rises from the floor toward the knees
= sit-up half way
half way through a sit-up, back lifting off the floor
> curl up from the floor
= lying on the back, legs raised
lying on the back, legs straight up (to the ceiling|vertical)
leg raise top, legs perpendicular to the floor
> raise both straight legs up
on the back with both legs pointing at the ceiling
> (lifts|raises) straight legs to vertical
= lying on the back, legs half raised
lying leg raise, legs at 45 degrees
straight legs hovering, lying on the back
= V-sit, hands to the feet
(V-up|jackknife), hands touching the toes
fold up, straight legs and arms meeting
hands reach the feet as legs and torso lift together
= bicycle crunch, right knee in
bicycle crunch, elbow to the opposite knee
= dead bug, right arm and left leg out
dead bug, opposite arm and leg extended
= dead bug, arms and knees up
dead bug start, arms up and knees bent over the hips
(tabletop legs|arms to the ceiling), lying on the back
= hollow hold
hollow body hold, arms overhead, legs hovering
= happy baby
happy baby pose, holding the feet, knees wide
= supine twist, knees to the right
supine (spinal |)twist, knees dropped to one side
= plow
(plow pose|halasana), legs over the head, toes to the floor behind
legs folded over behind the head
= shoulder stand
(shoulder stand|candle|sarvangasana), legs vertical, weight on the shoulders
body vertical upside down with weight on the shoulders
= bench press bottom
(bench press bottom|lower the bar to the chest), elbows bent (out|)
lying on the bench, bar (at|touching|near) the chest, elbows bent
(dumbbells|hands|bar) beside the chest, lying on the back, forearms vertical
> lower the (bar|barbell|dumbbells|weight) (down |)to the chest(| with elbows bent)
< (press|push|drive) the (bar|dumbbells) up from the chest
§ on a bench, elbows below the shoulders, bar by the sternum
bar lowered to the chest, elbows bent at the sides
bar resting on the (chest|sternum), forearms vertical
(weights|bar|hands) (close to|at) the chest while lying on the bench
> (bar|weight|barbell) (comes|moves|descends|lowers) (down |)(slowly |)to the chest
> elbows bend as the bar lowers toward the chest
< pushes the bar upward off the chest
= bench press top
lying on the bench, arms (extended|straight|locked out) above the chest
(bar|barbell|dumbbells) (held |pressed )at arm's length over the chest
> (press|push) the (bar|barbell|dumbbells|weight) (up |)until the arms are straight
< (unrack|begin lowering|start lowering) the bar from straight arms
arms fully extended above the chest while lying down
lying on the bench with the bar locked out overhead
> (bar|weight|barbell) is pressed (up|upward|back up) to arm's length
> arms straighten as the bar rises from the chest
= bench press half way
(pressing|lowering) the bar half way, lying on the bench
elbows at right angles on the bench press
= dumbbell fly open
(dumbbell |chest |)fly, arms (open|opened) wide to the sides, lying on the bench
> open the arms wide with a soft bend in the elbows
lying down with the arms spread wide to the sides
= dumbbell fly closed
(dumbbell |)fly top, hands together above the chest
> bring the dumbbells together above the chest in an arc
= skull crusher bottom
(skull crusher|lying triceps extension), (bar|weight) lowered (to|near|behind) the (forehead|head), elbows pointing up
lying on the back, upper arms vertical, elbows bent, weight by the forehead
> (bend|bending) the elbows to lower the (bar|weight) (to|toward|behind) the (forehead|head), upper arms still
lying down with elbows bent and the bar near the head
> forearms fold back so the bar nears the head, upper arms still
= skull crusher top
lying triceps extension top, arms straight up
> (extend|straighten) the elbows (to press|pushing) the bar up, upper arms fixed
lying down with arms straight above the shoulders
> forearms extend until the arms are straight
= dumbbell pullover back
dumbbell pullover, arms behind the head, lying on the bench
= incline press bottom
incline press, dumbbells at the chest, reclining
= incline press top
incline press, arms extended up, reclining
= lying on the front
lying face down, arms by the sides
lying prone on the mat
> lower down onto the belly
= lying on the front, arms overhead
lying face down, arms stretched overhead
= superman
superman, arms, chest and legs lifted off the floor
lying on the belly, limbs lifted
face down with arms and legs raised off the ground
= cobra
(cobra pose|bhujangasana), chest lifted, (elbows bent|hips on the floor)
lying on the belly, pressing the chest up with the hands
> (lift|peel|press) the chest up into cobra
chest raised off the mat while the hips stay down
upper body arched up from the floor, lying on the front
> chest peels off the floor with the arms pressing
= upward facing dog
(upward facing dog|up dog|urdhva mukha), arms straight, chest lifted, thighs off the floor
hips low, chest up, arms straight, legs extended behind
> roll forward into upward facing dog, opening the chest
arms straight, back arched, chest open, hips near the floor
> chest lifts forward and up, arms straightening
= sphinx
sphinx pose, forearms on the mat, chest lifted
= bow
(bow pose|dhanurasana), on the belly, holding the ankles, chest and thighs lifted
lying on the belly with hands holding the feet, body arched
= locust
locust pose, chest and legs lifted, arms back
= swimming crawl, right arm forward
(front crawl|freestyle swimming), one arm reaching forward, face down
swimming, arms alternating
= lying on the right side
lying on one side
side-lying, head resting on the arm
= lying on the right side, left leg raised
side-lying leg raise, top leg lifted
= side plank on the right hand
(side plank|vasisthasana), one hand on the floor, the other arm up
body sideways in a straight line, supported on one hand
> rotate into side plank, lifting the top arm
supported on one straight arm, body facing sideways, other arm to the ceiling
= side plank on the right forearm
side plank on the forearm, hips lifted
= all fours
(tabletop|on all fours|hands and knees), flat back
hands under shoulders, knees under hips
on hands and knees with a level back
= cat, back rounded
(cat|cat pose|cat stretch), back rounded up, on hands and knees
arch the spine up like a cat, head dropped
back arched upward, head down, on hands and knees
= cow, back arched
(cow|cow pose), belly dropped, back arched, head up, on hands and knees
back sagging, chest and head lifted, on hands and knees
= bird dog, right arm and left leg out
bird dog, opposite arm and leg extended
on hands and knees, one arm forward and the opposite leg back
> extend opposite arm and leg from all fours
on all fours, one arm and the opposite leg stretched out
= donkey kick, right leg up
donkey kick, one leg lifted back with the knee bent
= thread the needle, right arm under
thread the needle, one arm under the body, shoulder to the floor
= crawling, right hand forward
(crawling|baby crawl|bear crawl) on hands and knees
= bear hover, knees off the floor
bear (plank|hover|crawl), knees just off the floor
= high plank
(high plank|plank|straight-arm plank|push-up start|top of the push-up)
body in a straight line from head to heels, arms straight under the shoulders
arms (straight|extended|locked), hands under shoulders, body (straight|rigid), toes on the floor
> (press|push|pushing) (back |)up to (straight arms|plank|the top)
> step or jump the feet back (in)to plank
< begin lowering from plank, elbows bending
§ torso and legs one rigid line over locked arms
straight-arm plank with the body in one line
hands under the shoulders, legs extended behind, body rigid
(start|top) of a push-up with arms extended
> arms straighten, lifting the body back to plank
> pushes (up|away from the floor) until the arms are straight
= forearm plank
(forearm|elbow|low) plank, body straight
body straight, resting on forearms and toes
plank on the elbows, body level
= push-up bottom
bottom of the (push-up|pushup|press-up), chest (near|just above|close to) the floor, elbows bent
chest lowered to the floor with elbows bent, body straight
> (lower|lowering) the (body|chest) (toward|to) the floor, (elbows bending|body straight)
< (push|press) the floor away, (extending|straightening) the arms
§ nose by the ground, arms folded, body still rigid
chest almost touching the floor, elbows bent
body lowered close to the ground, elbows bent
(low|bottom) position of a push-up
> (elbows bend|bends the elbows) (to lower|lowering) the (chest|body) to the (floor|ground)
< (pushes|presses) back up from the floor
= push-up half way
half way down in a push-up, elbows at an angle
= chaturanga, low plank
(chaturanga|four-limbed staff|low plank), elbows (tucked|by the ribs), body hovering above the floor
> lower halfway with the elbows close to the ribs
low push-up hold with the elbows by the sides
= knee push-up top
(knee push-up|kneeling push-up|modified push-up) top, arms straight, knees on the floor
= knee push-up bottom
(knee|kneeling) push-up bottom, chest near the floor, knees down
= pike push-up top
pike position, hips high, arms and legs straight
= downward facing dog
(downward facing dog|downward dog|down dog|adho mukha svanasana), hips high, heels toward the floor
hips lifted to the sky, arms and legs straight, body an inverted V
> (lift|push|press|send) the hips up and back into downward dog
§ tailbone up, palms and soles pressing down, body like a tent
inverted V with hands and feet on the mat
hands and feet grounded, hips raised high, head between the arms
> (hips lift|lifts the hips) up and back, legs straightening
= three legged dog, right leg up
three-legged dog, one leg lifted high behind
downward dog with one leg raised
= mountain climber, right knee in
mountain climber, one knee driven to the chest in plank
> drive one knee toward the chest in plank
plank with one knee tucked under the chest
= plank, right arm forward
plank with one arm extended forward
= plank, right leg raised
plank with one leg lifted
= reverse plank
reverse plank, chest up, hands behind, legs straight
upward plank, hips lifted, facing the ceiling
= crab
(crab|reverse tabletop), hips lifted, hands behind, knees bent
= burpee squat, hands on the floor
(burpee|squat thrust), crouched with hands on the floor
squat down and place the hands on the floor
> drop down and plant the hands on the floor
crouches with both hands on the floor
= handstand
handstand, legs straight up, arms straight
balancing upside down on the hands
> kick up into a handstand
body upside down, straight over the hands
= headstand
(headstand|sirsasana), balancing on the head and forearms
= forearm stand
forearm stand, balancing upside down on the forearms
= handstand, legs split, right leg forward
handstand with split legs
= cartwheel, upside down
cartwheel, upside down, legs wide apart
mid-cartwheel, hands on the floor, legs overhead in a straddle
hands on the ground, legs spread in the air
= crow
(crow pose|bakasana|crane), balancing on the hands, knees on the upper arms
arm balance with the knees resting on the upper arms
= mountain pose
(mountain pose|tadasana), standing tall, arms by the sides, palms forward
feet together, arms down, standing tall
= mountain pose, arms overhead, palms together
(upward salute|urdhva hastasana|raised arms pose), palms together overhead
standing, arms up, palms touching, gaze up
> inhale, sweep the arms up overhead
standing tall with hands joined overhead
= standing backbend, arms overhead
standing backbend, arms overhead, hips forward
arch back with the arms overhead
standing, arching backward with arms up
= standing forward fold
(standing forward fold|uttanasana|forward bend), hands to the (floor|shins|feet), head hanging
fold forward from the hips, legs straight, fingertips to the floor
> (exhale and |)fold forward (from|at) the hips, (reaching|hands) to the floor
< roll up to standing from the fold
bends forward with straight legs, hands near the feet
upper body hangs over straight legs
> (folds|bends) forward from standing, head toward the knees
= half lift, flat back
(half lift|halfway lift|ardha uttanasana), flat back, hands on the shins
torso lifted half way, back flat, legs straight
> lengthen the spine forward into a flat back
bent at the hips with a long flat back, hands on the shins
= chair pose
(chair pose|utkatasana|awkward pose), knees bent, arms reaching up
sitting back as if in a chair, arms overhead
> bend the knees and sit back, arms overhead
§ hips low behind, arms by the ears, as though on an unseen seat
knees bent, hips back and low, arms stretched overhead
> hips sink back as the arms rise
= chair pose, twisted to the right, prayer hands
(twisted|revolved) chair, palms together, elbow to the opposite knee
= tree, standing on the left leg
(tree pose|vrksasana), foot against the inner thigh, arms overhead
standing on one leg, other foot on the inner thigh, knee out to the side, arms up
balancing on one leg with the other foot on the thigh, arms up
= tree, standing on the left leg, prayer hands
(tree pose|vrksasana), foot on the inner thigh, palms together at the chest
balancing on one leg, the other knee turned out, hands in prayer
> place one foot on the inner thigh of the standing leg
balancing on one leg, foot on the inner leg, hands at the heart
= dancer, standing on the left leg
(dancer pose|king dancer|natarajasana), holding the foot behind, one arm forward
standing on one leg, pulling the other foot up behind, torso leaning forward
one leg held up behind, torso tipped forward, opposite arm reaching
= eagle, standing on the left leg
eagle pose, arms and legs wrapped
one leg crossed over the other, arms entwined in front of the face
= half moon, standing on the right leg
half moon pose, one hand on the floor, top leg lifted sideways
balancing on one leg and one hand, body open to the side
one hand down, one leg lifted to the side, top arm up
= extended hand to big toe, left leg standing
extended hand-to-big-toe pose, one leg raised in front, hand holding the foot
= lord of the dance prep, holding the right foot behind
standing on one leg, holding the other foot behind
= curl bottom
(biceps |bicep |)curl start, arms (extended|straight|hanging) by the thighs
standing with (dumbbells|the barbell|weights) (at|in front of) the thighs, (arms straight|elbows extended)
> (lower|lowering) the (dumbbells|bar|weights) (back |)down to the thighs(| with control)
arms straight down holding the (weights|bar|dumbbells)
standing with arms extended and weights at the thighs
> (arms extend|lowers the weights) back to the starting position
= curl half way
(curl|biceps curl) half way, forearms (horizontal|parallel to the floor), elbows at the sides
elbows bent 90 degrees, upper arms still
> curl the (bar|weights|dumbbells) up, elbows pinned to the sides
forearms lifting with elbows fixed at the sides
> (elbows bend|bends the elbows), lifting the weights toward the shoulders
= curl top
(top of the curl|biceps curl top), (hands|weights|bar|dumbbells) at the (shoulders|shoulder height), elbows at the sides
elbows fully bent, (weights|bar|dumbbells) near the shoulders, standing
> (curl|lift|raise) the (bar|dumbbells|weights) (up |)(to|toward) the (shoulders|chest)(| by bending the elbows)
< (begin|start) lowering the weight from the shoulders
§ forearms folded up, fists by the collarbones, upper arms motionless
weights lifted to shoulder level, elbows tucked
hands by the shoulders with the elbows at the ribs
> (curls|lifts|raises) the weights to the shoulders
= hammer curl half way
hammer curl, thumbs up, elbows bent at the sides
= curl, right arm up
alternating curl, one arm curled up, the other straight
right arm curled to the shoulder, left arm straight down
one dumbbell at the shoulder, the other at the thigh
one arm curled while the other hangs straight
= lateral raise half way
arms half raised to the sides
> raise the (dumbbells|arms) out to the sides
< lower the arms from the sides
= lateral raise top
(lateral raise|side raise), arms out at shoulder height
(dumbbells|hands|weights) lifted to the sides to shoulder level, elbows soft
> (raise|lift|lifting) the (dumbbells|arms|weights) (out |)to the sides (up to|until) shoulder height
< lower the dumbbells back to the sides
§ weights carried out level with the deltoids
both arms lifted sideways, forming a T
arms raised out at the sides, level with the shoulders
> (lifts|raises) the arms out sideways to shoulder level
< arms return down to the sides
= front raise top
front raise, arms straight forward at shoulder height
> raise the (dumbbells|plate|weights) straight in front to shoulder height
both arms lifted straight in front to shoulder level
= front raise, right arm
single-arm front raise
one arm raised straight in front
= overhead press rack, fists at the shoulders
(overhead|shoulder|military) press start, (bar|fists|dumbbells) at the shoulders, elbows under
weight racked at the shoulders
> lower the weight to the shoulders
weights held at shoulder height, elbows bent below
= overhead press, elbows out, upper arms level
shoulder press, elbows out at 90 degrees, forearms vertical
dumbbells beside the ears, elbows out
elbows at shoulder height, forearms upright
= overhead press top
(overhead|shoulder|military) press lockout, arms (straight|extended) overhead
bar (locked out|held) overhead, standing
> (press|push|drive) the (bar|weight|dumbbells) (overhead|straight up) until the arms lock out
weights pressed overhead, arms straight
> (presses|pushes|drives) the weight overhead to full extension
< lowers the weight back to the shoulders
= upright row top
upright row, elbows high and wide, hands at the chest
elbows lifted above the hands, bar under the chin
> pull the bar up along the body, elbows leading
hands under the chin, elbows flared high
= shrug
(shrug|shoulders shrugged up), arms hanging
= triceps pushdown top
(triceps |cable |)pushdown start, elbows bent at the sides, hands at the chest
elbows tucked, forearms up, gripping the (bar|rope|handle) at chest height
> let the forearms rise (slowly|with control), elbows at the sides
elbows bent at the sides, forearms lifted, hands at chest level
= triceps pushdown bottom
(triceps |cable |)pushdown end, arms straight down, hands at the thighs
> (push|press|extend) the (bar|rope|handle) down until the elbows are straight
< release the bar up from straight arms
arms straight down in front, elbows locked at the sides
> (pushes|presses) the hands down until the arms are straight
= overhead triceps extension bottom
overhead triceps extension, weight behind the head, elbows up
elbows pointing up beside the ears, hands behind the head
hands lowered behind the head, elbows pointing up
= overhead triceps extension top
overhead triceps extension, arms straight overhead
> extend the elbows to lift the weight overhead from behind the head
= triceps kickback, arms extended
triceps kickback, bent over, arms extended back
= triceps kickback, elbows bent
triceps kickback start, bent over, elbows at the sides
= bent-over row bottom
bent-over row start, torso leaning forward, arms hanging straight down
hinged forward with the weight hanging at arm's length
> lower the weight until the arms hang straight
bent forward, arms hanging straight with the weight
= bent-over row top
bent-over row, elbows pulled back, (bar|weight|hands) at the (belly|ribs|waist)
> (row|pull) the (bar|weight|dumbbells) to the (belly|waist|ribs), elbows driving back
§ trunk hinged, elbows drawn past the ribs
bent forward, elbows drawn back, hands by the waist
> pulls the weight toward the waist while bent forward
= bent-over lateral raise
(bent-over lateral raise|rear delt fly|reverse fly), torso horizontal, arms out to the sides
= deadlift bottom
(deadlift|lift) start, hips back, knees bent, arms straight down to the bar
gripping the bar (on|at) the floor, back flat, hips low
> hinge down to the bar
< (lift|pull|drive) the bar off the floor, extending hips and knees
bent down to grip the bar, knees bent, back flat
(hands|grip) on the bar near the floor, hips back
> bends at the hips and knees to reach the bar
< lifts the bar by extending the legs and hips
= deadlift half way
bar at knee height, hips hinged, back flat
> pull the bar up along the shins past the knees
= deadlift top
deadlift lockout, standing tall with the bar at the thighs
(lockout|fully upright), hips extended, bar hanging at the thighs
> (drive|thrust) the hips forward to stand up with the bar
stands tall holding the bar in front of the thighs
> hips drive forward to full standing
= romanian deadlift bottom
Romanian deadlift, legs nearly straight, hips back, hands at the shins
hip hinge with a flat back, (bar|weights) sliding down the legs
> push the hips back, lowering the weight along the legs
hips pushed far back, torso nearly horizontal, soft knees, hands below the knees
= single leg deadlift on the right leg
single-leg (Romanian |)deadlift, one leg extended back, torso horizontal
= good morning bottom
good morning, bar on the back, torso bent forward
= kettlebell swing, between the legs
kettlebell swing, hips hinged back, bell between the legs
hike the kettlebell back between the thighs
bent at the hips with the arms swung back between the legs
= kettlebell swing top
kettlebell swing top, arms forward at shoulder height, hips extended
> snap the hips forward, swinging the bell to chest height
standing with straight arms swung up to shoulder height
= clean catch
(clean catch|clean), bar caught on the shoulders in a partial squat, elbows high
> pull under the bar and catch it on the shoulders
bar on the front of the shoulders, elbows forward, knees bent
= snatch catch
(snatch catch|snatch), deep squat with the bar overhead
> drop under the bar, catching it overhead
full squat with straight arms overhead holding the bar
= jerk split, right leg forward
split jerk, bar overhead, one leg forward and one back
feet split front and back, arms locked overhead
= wood chop high, to the right
wood chop, hands high to one side
= wood chop low, to the left
wood chop, hands low outside the knee, torso twisted
> chop down and across the body
= cable fly open
(cable |standing |)fly, arms open wide to the sides
= cable fly closed
(cable |standing |)fly, hands together in front of the chest
> bring the handles together in front
= face pull end
face pull, hands beside the face, elbows high and back
= lat pushdown top
straight-arm pulldown, arms reaching up in front, leaning forward
= dip top
(dip|parallel bar dip) top, arms straight, body supported on the bars
supporting the body on straight arms between the bars
> (push|press) up (to straight arms|) on the bars
< bend the elbows to lower between the bars
held up on straight arms, feet off the ground
= dip bottom
(dip|parallel bar dip) bottom, elbows bent behind, shoulders low
body lowered between the bars, elbows at 90 degrees
> lower the body between the bars by bending the elbows
elbows bent sharply behind, body lowered
> elbows bend, lowering the body between the bars
< presses the body up until the arms lock
= bench dip bottom
bench dip, hands on the bench behind, elbows bent, hips low
= hanging from a bar
(hanging|dead hang) from (a|the) (pull-up |)bar, arms straight
hang with arms extended overhead, gripping the bar
> lower (back |)down to a (dead |)hang, arms straightening
< pull the body up toward the bar
§ suspended by the hands, elbows open
arms fully stretched overhead holding the bar
> arms straighten, lowering to a hang
< begins pulling upward from the hang
= pull-up top
(pull-up|pullup) top, chin (above|over) the bar, elbows bent
chest pulled up to the bar, elbows down at the sides
> pull (the body |yourself |)up until the chin is over the bar
chin at bar height, elbows bent and close
> (elbows bend|arms bend), lifting the body to the bar
= pull-up half way
half way up a pull-up, elbows at 90 degrees
= chin-up top
chin-up top, palms facing in, hands at the shoulders, chin over the bar
= hanging knee raise
hanging knee raise, knees to the chest
hanging with the knees pulled up in front
= hanging leg raise
hanging leg raise, straight legs horizontal
= toes to bar
toes to bar, hanging, feet touching the bar
= hanging, knees bent back
hanging from the bar with bent knees
= jumping jack open
(jumping jack|star jump) open, arms overhead, legs wide
feet jumped wide, hands overhead
> jump the feet apart and swing the arms overhead
jump with legs apart and arms up
legs spread wide and arms raised overhead
= jumping jack closed
jumping jack closed, feet together, arms at the sides
> jump the feet together and lower the arms
feet together and arms down by the sides
= jumping jack half open
mid jumping jack, arms out to the sides
= jump crouch, arms back
(crouched|loaded|dipping) before a jump, arms swung back
countermovement, knees bent, arms behind
> (dip|crouch) down to load the jump
crouches with arms drawn back, ready to jump
knees bent, arms swung behind, about to jump
= jump take-off, arms up
take-off, on the toes, arms swinging up
> (explode|push|drive) up off the toes, arms swinging upward
springs up with arms swinging overhead
= jump flight, body stretched
in the air, body stretched, arms overhead
peak of a (vertical |)jump
body fully extended in the air, arms up
airborne with arms and legs straight
= jump flight, knees tucked
tuck jump, knees to the chest in the air
airborne with knees pulled to the chest
= jump flight, arms down
small jump, feet off the ground, arms down
(hopping|skipping rope|bouncing)
= jump landing
landing (from a jump|softly) with bent knees, arms forward
lands with knees bent to absorb the impact
= split jump, legs apart sideways
straddle jump, legs wide in the air
= leap, right leg forward
(leap|grand jeté|split leap), legs split in the air
leaping with one leg forward and one back
flying split with one leg in front and one behind
= long jump flight, legs forward
long jump flight, legs and arms reaching forward
= high jump, arched over the bar
(high jump|Fosbury flop), back arched over the bar, lying in the air
= running, right knee up
running, one knee driving (up|forward), opposite arm forward
running stride, right knee up, left arm forward
(running|jogging), arms bent and pumping
(runs|running|sprints) with one knee lifted and opposite arm forward
running stride with bent arms swinging
= running, right foot landing
running, front foot landing, other leg bent behind
foot strike, trailing heel up
foot contacts the ground in stride, rear leg folding
= running, right foot under the body
running, mid stance, one leg folded behind
= sprinting, right knee high
(sprinting|sprint), high knee drive, leaning forward, on the toes
full-speed sprint stride
powerful sprint stride, high front knee, rear leg driving back
= high knees, right knee up
high knees, running in place, knee above hip height
= butt kicks, right heel up
butt kicks, heel to the buttocks, running in place
= sprint start, on the marks
(sprint start|on your marks), crouched, hands on the line, one knee down
in the starting blocks, hands on the ground
crouched with hands on the ground at the start line
= sprint start, set
set position, hips raised, hands on the ground
> raise the hips into the set position
hips lifted with hands still on the ground
= sprint start, driving out
driving out of the blocks, body leaning far forward
> explode out of the blocks
pushes off with the body low and leaning forward
= hurdle clearance, right leg leading
clearing the hurdle, lead leg straight forward, trail leg bent to the side
one leg extended over the hurdle, torso leaning forward
= javelin carry, right arm drawn back
javelin (drawn back|withdrawal), throwing arm straight back, other arm forward
right arm stretched back with the javelin
throwing arm extended back at shoulder height, front arm forward
= javelin delivery, right arm overhead
javelin delivery, elbow leading overhead
> whip the throwing arm over the shoulder
= throw follow-through, right arm down and across
throwing follow-through, arm (down and |)across the body, torso bent forward
> follow through after the release
arm finishes across the body after the throw
= shot put glide, crouched, shot at the neck
shot put (glide|start), crouched low, shot tucked at the neck
= shot put release, right arm pushed up
shot put release, arm pushed up and forward
> drive up and push the shot away
arm fully extended up and forward in the release
= discus wind-up, twisted back
discus wind-up, torso twisted back, arm behind
winds up with the torso rotated and arm swung back
= discus release, right arm swung out
discus release, arm swinging wide
> unwind and sling the discus
= hammer swing, arms straight in front
(hammer throw|hammer swing), both arms straight, leaning back
= bowling wind-up, right arm back
bowling backswing, ball arm swung straight back, leaning forward
swing the ball back
= bowling release, sliding lunge
bowling release, sliding into a low lunge, arm swinging forward
> swing the ball forward and release it low
deep sliding lunge, arm swinging forward low
= cricket bowl, right arm vertical
cricket bowling delivery, straight arm vertical overhead
= baseball pitch, leg lifted, hands at chest
(baseball |)pitcher's wind-up, knee lifted high, hands together at the chest
leg kick, glove and ball at the chest
balances on one leg with the other knee raised and hands together at the chest
= baseball pitch, stride, right arm cocked
(baseball |)pitch stride, throwing arm cocked, long step forward
> stride toward the plate with the arm cocked
long stride forward with the throwing arm cocked back
= football throw, right arm cocked
quarterback throw, arm cocked behind the ear
ball held behind the ear, other arm pointing forward
ball cocked beside the ear, front shoulder to the target
= football throw, released
quarterback release, arm extended forward
> throw the football forward
= throw-in, ball behind head
throw-in, ball behind the head with both hands
= underarm toss, right arm forward
underarm toss, arm swinging forward and up
= basketball triple threat
(triple threat|holding the ball at the chest), knees bent
(gather|receive|hold) the ball at the chest, knees bent
> (dip|gather|bend) the knees with the ball at the chest
knees bent, ball held at the (chest|waist|hip) with both hands
(crouched|bent) over the ball, ready to shoot or pass
= basketball set point, ball above the forehead
ball raised above the forehead, elbow under the ball
set point of the shot, ball over the head, elbows bent
> raise the ball above the head
ball lifted to the forehead with elbows bent
> lifts the ball from the chest to above the forehead
= basketball shot release
(free throw|set shot|jump shot) release, arm extended up, wrist flicked, on the toes
> extend the arm upward and release the ball
follow-through of the shot, shooting hand up, wrist bent
shooting arm fully extended upward at release
follow-through with the arm high and wrist flexed
> pushes the ball up and releases it at full extension
= basketball jump shot release
jump shot release in the air, shooting arm extended
> jump and release the ball at the top
releases the ball at the top of the jump with arm extended
= basketball dribble, right hand
dribbling (the ball|), knees bent, one hand pushing down
bounce the ball low with one hand
bent over, bouncing the ball beside the body
= basketball lay-up, right arm up, right knee up
lay-up, one knee driven up, one arm reaching to the rim
> drive off one foot toward the basket, lifting the ball
leaps off one leg, knee up, hand extended to the basket
= basketball chest pass, arms extended
chest pass, both arms extended forward
> push the ball forward from the chest with both hands
both arms thrust forward from the chest in a pass
= basketball defence, arms wide, knees bent
defensive stance, knees bent, arms wide
guarding, low stance with arms spread
low stance with arms spread wide to guard
= tennis ready position
(tennis |)ready position, knees bent, racket in front with both hands
crouched ready with both hands in front
= tennis serve trophy
(trophy position|tennis serve toss), tossing arm up, racket arm cocked, knees bent
ball toss, one arm up, other elbow bent behind
tossing arm stretched up, racket arm bent back, knees flexed
= tennis serve racket drop
racket drop, elbow high, racket behind the back
= tennis serve contact
serve contact, hitting arm fully extended overhead
> swing up to hit the ball overhead
body extended, racket arm at full reach overhead
= tennis serve follow-through
serve follow-through, racket arm down across the body
arm swings down across the body, torso bent forward
= forehand backswing
forehand (backswing|preparation), shoulders turned, racket back
> turn the shoulders and take the racket back
torso coiled, racket arm drawn back
= forehand contact
forehand contact, racket in front of the body
> swing the racket forward to meet the ball
racket arm swings forward at waist height
= forehand follow-through
forehand follow-through, racket over the opposite shoulder
arm wraps across the body to the opposite shoulder
= two-handed backhand backswing
two-handed backhand (backswing|preparation), both hands back on one side
= two-handed backhand follow-through
two-handed backhand follow-through, both hands over the shoulder
= badminton smash, arm behind head
badminton smash (preparation|), racket arm cocked behind the head, other arm up
= baseball batting stance
(batting stance|baseball stance), bat up behind the shoulder, knees bent
hands together near the back shoulder, holding the bat
hands held up by the back shoulder, feet apart, knees bent
= baseball swing contact
bat contact, arms extended in front, hips rotated
> swing the bat through the ball
both arms extended forward through the hitting zone
= baseball swing follow-through
bat follow-through, hands over the front shoulder, torso rotated
= golf address
(golf |)address, bent forward at the hips, arms hanging, hands together
standing over the ball with the club, knees slightly bent
leans over with straight arms, hands together low in front
= golf top of backswing
(top of the |)(golf |)backswing, hands high over one shoulder, torso turned
> take the club back, turning the shoulders
both hands lifted over the shoulder, torso fully turned
= golf impact
golf impact, hands in front, hips turned
> swing down through the ball
arms straight down in front at the ball, hips turning
= golf finish
golf finish, hands over the front shoulder, weight on the front foot, back heel up
golf follow-through, torso facing the target
torso turned to the target, hands above the front shoulder
= soccer kick wind-up, right leg back
(soccer|football) kick wind-up, kicking leg drawn back, knee bent
> plant one foot and swing the other leg back
right leg swung back ready to kick
one leg swings back with knee bent, arms out for balance
= soccer kick contact, right leg
(soccer|football) kick, foot (striking|meeting) the ball in front
> swing the leg through to strike the ball
leg swings through, foot meeting the ball
= soccer kick follow-through, right leg high
kick follow-through, leg swung high in front
kicking leg finishes high in front
= soccer header, back arched
(header|heading the ball), jumping with the back arched
= goalkeeper dive to the right
goalkeeper dive, body stretched sideways in the air, arms reaching
= volleyball serve toss, left arm up
volleyball serve, tossing arm up, hitting arm cocked
= volleyball spike, right arm cocked
(spike|volleyball attack), jumping, hitting arm cocked behind the head, back arched
airborne with the hitting arm pulled back
= volleyball spike contact
spike contact, in the air, hitting arm extended overhead
> swing over the top to hit the ball
airborne, arm swinging overhead to hit
= volleyball block
(volleyball |)block, jumping with both arms straight up
jumps with both hands high above the net
= volleyball dig, forearms together
(dig|bump|forearm pass), arms straight together in front, knees bent low
bent knees, arms straight together in front and low
= volleyball set, hands above the forehead
(set|overhead pass), hands above the forehead, elbows bent
hands overhead with elbows bent to push the ball
= cricket batting stance
cricket batting stance, bat down by the feet, knees bent
= hockey shot, bent forward
(hockey|floorball) shot, bent forward, both hands on the stick
= frisbee backhand wind-up
frisbee wind-up, arm curled across the body
= frisbee release, right arm out
frisbee release, arm extended out to the side
= skating push, right leg out to the side
(skating|speed skating) push, bent low, one leg extended to the side
= skiing tuck
ski tuck, crouched low, torso horizontal, fists in front of the face
= archery draw, right hand at the chin
(archery|drawing the bow), one arm straight to the side, other hand at the chin
bow arm extended, string hand drawn to the face
= paddling, right hand low
(kayaking|paddling), seated, torso twisting, one hand low and one high
= boxing guard
(boxing|fighting) (guard|stance), fists up by the (chin|face), elbows in
hands up guarding the face, staggered stance
> return the hands to guard
fists raised near the face, one foot forward
hands up in a defensive guard
= boxing jab, left arm out
(jab|straight punch), lead arm extended forward, other fist at the chin
left jab, left arm straight out
> throw a jab, snapping the lead arm out
front arm punches straight forward
= boxing cross, right arm out
(cross|straight right|rear-hand punch), rear arm extended, hips rotated
right cross, right arm straight out
> throw the cross, rotating the hips and shoulders
rear arm punches straight with the torso rotating
= boxing right hook
hook, elbow bent at shoulder height, fist swinging across
right hook
bent arm swings across at head height
= boxing right uppercut
uppercut, fist driving upward, elbow bent
right uppercut
= boxing slip, crouched
(slip|duck|weave), crouched with the guard up
= front kick, right leg
front kick, leg extended straight forward at (waist|hip) height, guard up
right leg kicking straight forward
> snap the leg forward into a front kick
leg thrusts straight forward at waist level
= front kick chamber, right knee up
kick chamber, knee lifted high, fists up
> lift the knee into the chamber
knee raised high in preparation for a kick
= side kick, right leg
side kick, leg extended sideways, torso leaning away
leg thrusts out sideways, body leaning away
= roundhouse kick, right leg
roundhouse kick, leg swung around at waist height or higher, torso leaning away
> pivot and whip the leg around
leg swings high across the body, torso leaning
= back kick, right leg
back kick, leg driven straight back, torso bent forward
= knee strike, right knee
knee strike, knee driven up, hands pulling down
knee drives upward, hands pulling down
= horse stance, fists at hips
horse stance, feet wide, knees bent, fists at the hips
wide low stance with knees bent, fists by the waist
= horse stance, right punch
horse stance punch, one fist forward, the other at the hip
= low block, right arm down, front stance
low block in front stance, arm swept down over the front knee
= high block, right forearm above the head
(high|rising) block, forearm above the head, other fist at the hip
= bow stance, palms pushing forward
tai chi push, front knee bent, palms pushing forward
front knee bent, both palms extended forward
= tai chi, holding the ball
tai chi, arms rounded as if holding a ball, knees bent
= fencing lunge, right arm out
fencing lunge, sword arm extended forward, back leg straight
> lunge forward, extending the sword arm
deep lunge with one arm thrust forward
= fencing en garde
fencing en garde, knees bent, sword arm half extended, other arm behind
= wrestling crouch, arms forward
wrestling stance, crouched, arms forward
= first position, arms low and rounded
ballet first position, heels together, arms low and rounded
heels together, toes out, arms rounded low
= second position, arms to the sides
ballet second position, feet apart, arms out to the sides
feet apart, arms extended to the sides, elegant posture
= fifth position, arms rounded overhead
(ballet |)fifth position, arms rounded overhead
arms curved in an oval above the head
arms form a circle overhead, legs together
= demi plie
demi-plié, knees bent outward, heels down, torso upright, arms to the sides
> bend the knees outward into a plié
knees bend outward in a small plié, back straight
= grand plie
grand plié, knees bent deeply outward, torso upright
deep plié with knees wide and hips low
= releve, arms overhead
relevé, rising on the toes, arms rounded overhead
> rise onto the balls of the feet in relevé
rises to the toes with arms rounded above
= arabesque, standing on the left leg
arabesque, one leg extended straight behind, arm forward
standing on one leg, the other leg lifted straight back, chest up
> extend one leg behind into arabesque
balanced on one leg, other leg lifted straight behind
(back|rear) leg raised and extended, arms reaching
= attitude, right leg bent behind
attitude, one leg lifted behind with a bent knee
= passe, right foot at the left knee
(passé|retiré), foot at the knee, knee turned out
one foot drawn to the knee, balancing on the other leg
= pirouette on the left leg, arms in front
(pirouette|turn on one leg), foot at the knee, arms rounded in front
spinning on one toe
spins on one leg with the foot at the knee
= tendu, right foot to the front
tendu, one foot pointed forward on the floor
leg extended forward, toes on the floor
= grand battement, right leg up front
grand battement, straight leg kicked high in front
high straight-leg kick to the front
= side extension, right leg high
(développé|side extension), leg lifted high to the side
leg raised high to the side, standing on one foot
= ballroom frame
(ballroom|waltz|tango) (frame|hold), arms up holding a partner
= hip hop lean, right arm down
hip hop groove, leaning to the side, knees bent
bent knees, body leaning to one side
= disco point, right arm up and out
disco point, one arm pointing up and out, other hand on the hip
one arm points diagonally up, the other hand on the hip
= flamenco, arms curved overhead
flamenco arms, curved overhead, back arched
= twist dance, knees bent, elbows bent
(doing the twist|twist dance), knees and elbows bent, hips turning
= kick line, right leg kicked up
(can-can|kick line), straight leg kicked up to the front, arms to the sides
= breakdance freeze, on the hands
(breakdance|breaking) freeze, upside down on the hands, legs bent
= bollywood, right arm up, left hand at hip
bollywood pose, one arm up, other hand on the hip
"""


def parse(text: str) -> dict[str, list[tuple[str, str]]]:
    """{posture: [(kind, wording)]} with kind "hold", "enter", "leave" or "test"."""
    kinds = {">": "enter", "<": "leave", "§": "test"}
    out: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for line in text.strip().splitlines():
        if line.startswith("= "):
            current = out.setdefault(line[2:], [])
        else:
            kind = kinds.get(line[0], "hold")
            current.append((kind, line if kind == "hold" else line[2:]))
    return out


LEXICON: dict[str, list[tuple[str, str]]] = parse(_TEXT)
