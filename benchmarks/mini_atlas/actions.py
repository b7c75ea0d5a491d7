"""What mini-atlas performs: postures with the words for them, and actions as postures in order.

The wordings are this benchmark's own; the built-in encoder was trained on others (a test compares).
"""

from __future__ import annotations

from dataclasses import dataclass

from figure import Pose, make_pose

DOWN = ((0.12, -1, 0.02),)
UP = ((0.15, 1, 0.08),)
WIDE = ((1, 0.02, 0.05),)
AHEAD = ((0.12, 0.02, 1),)
AT_SHOULDERS = ((0.35, -0.85, 0.3), (-0.15, 0.9, 0.35))
ON_HIPS = ((0.8, -0.65, -0.15), (-0.75, -0.5, 0.35))
STRAIGHT = ((0.1, -1, 0.0),)
SQUAT = ((0.35, -0.1, 0.9), (0.02, -1, -0.35))
HALF_SQUAT = ((0.25, -0.75, 0.62), (0.02, -1, -0.4))
LUNGE_FRONT = ((0.1, -0.25, 1), (0.02, -1, -0.08))
LUNGE_BACK = ((0.1, -0.85, -0.5), (0.02, -0.45, -0.9))


@dataclass(frozen=True)
class Posture:
    """A key posture and ways to say it."""

    pose: Pose
    words: tuple[str, ...]


def _p(*words: str, **pose: object) -> Posture:
    return Posture(make_pose(**pose), words)  # type: ignore[arg-type]


DOMAINS: dict[str, dict[str, Posture]] = {
    "gym": {
        "stand": _p(
            "upright with the dumbbells hanging beside the thighs",
            "tall stance, weights resting at the sides",
            arms=DOWN,
        ),
        "rack": _p(
            "weights parked in front of the shoulders, elbows tucked",
            "dumbbells brought up to shoulder level with folded arms",
            arms=AT_SHOULDERS,
        ),
        "overhead": _p(
            "load pressed all the way up, elbows straight over the crown",
            "both arms fully extended to the ceiling with the load",
            arms=UP,
        ),
        "squat": _p(
            "deep squat with the weights held at the shoulders",
            "hips dropped to knee height, hands by the shoulders",
            pelvis=(32, 0, 0),
            arms=AT_SHOULDERS,
            legs=SQUAT,
        ),
        "hinge": _p(
            "torso tipped forward at the hips, weights hanging towards the shins",
            "bent over with a flat back and arms dangling straight down",
            pelvis=(68, 0, 0),
            arms=((0.1, -1, 0.05),),
            legs=((0.12, -0.95, 0.25), (0.02, -1, -0.3)),
        ),
        "lateral": _p(
            "arms lifted out sideways to shoulder height",
            "dumbbells raised to the sides so that the body makes a T",
            arms=WIDE,
        ),
        "front": _p(
            "straight arms lifted to the front at shoulder height",
            "weights held out ahead of the chest with long arms",
            arms=AHEAD,
        ),
        "lunge": _p(
            "one foot far ahead, both knees bent, arms hanging",
            "split stance dropped low with the weights at the sides",
            arms=DOWN,
            left_leg=LUNGE_FRONT,
            right_leg=LUNGE_BACK,
        ),
    },
    "yoga": {
        "mountain": _p(
            "standing tall while the palms reach for the sky",
            "feet together, arms stretched up beside the ears",
            arms=UP,
        ),
        "fold": _p(
            "folded over straight legs with the hands near the floor",
            "torso draped upside down, crown of the head towards the feet",
            pelvis=(95, 0, 0),
            spine=(35, 0, 0),
            arms=((0.12, -1, 0.1),),
        ),
        "plank": _p(
            "body like a board above straight arms, toes on the mat",
            "high push-up hold, head to heels in one line",
            pelvis=(72, 0, 0),
            arms=((0.12, -1, 0.02),),
            legs=((0.1, -0.3, -1), (0.1, -0.3, -1), (0.0, -1, 0.2)),
        ),
        "dog": _p(
            "tailbone the highest point, palms and soles making a tent",
            "hands and feet on the mat with the seat high in the air",
            pelvis=(128, 0, 0),
            arms=((0.12, -0.68, 0.72),),
            legs=((0.1, -0.85, -0.5), (0.1, -0.85, -0.5), (0.0, -0.4, 1)),
        ),
        "chair": _p(
            "knees bent as if sitting down, arms reaching up",
            "sinking the hips back with the arms beside the ears",
            pelvis=(38, 0, 0),
            arms=((0.15, 0.85, 0.5),),
            legs=((0.15, -0.5, 0.85), (0.02, -1, -0.4)),
        ),
        "warrior": _p(
            "wide stance with one knee bent and arms spread level",
            "lunging sideways over one bent leg with level outstretched arms",
            head=(0, 0, 70),
            arms=WIDE,
            left_leg=((1, -0.5, 0.1), (0.1, -1, 0), (1, 0, 0.2)),
            right_leg=((0.85, -1, -0.05),),
        ),
        "kneel": _p(
            "kneeling upright on both knees, arms at the sides",
            "shins on the mat, thighs and torso vertical",
            arms=DOWN,
            legs=((0.1, -1, 0.0), (0.05, -0.12, -1), (0.0, -0.1, -1)),
        ),
        "tree": _p(
            "balancing on one leg, the other sole against the inner thigh",
            "one knee opened out to the side, standing on the other leg",
            arms=UP,
            left_leg=((0.85, -0.6, 0.25), (-0.8, -0.6, -0.1)),
        ),
    },
    "dance": {
        "low": _p(
            "heels together, arms rounded low in front",
            "standing in first position with the hands in front of the hips",
            arms=((0.4, -0.9, 0.2), (-0.4, -0.75, 0.35)),
        ),
        "fifth": _p(
            "arms curved into a circle above the head",
            "standing with both hands framing the crown of the head",
            arms=((0.65, 0.75, 0.15), (-0.6, 0.75, 0.1)),
        ),
        "plie": _p(
            "knees opened out over the feet in a wide squat, arms to the sides",
            "wide turned-out knee bend with spread arms",
            arms=WIDE,
            legs=((0.85, -0.5, 0.25), (-0.05, -1, 0)),
        ),
        "arabesque": _p(
            "one leg stretched out behind, chest tipped forward, arms open",
            "balancing on one foot with the other leg lifted straight back",
            pelvis=(50, 0, 0),
            spine=(-20, 0, 0),
            left_arm=((0.3, 0.3, 1),),
            right_arm=((1, 0, -0.2),),
            right_leg=((0.1, -0.15, -1),),
        ),
        "side_bend": _p(
            "leaning the trunk sideways with one arm curved overhead",
            "upper body bent to the side, the top arm reaching across",
            spine=(0, 38, 0),
            right_arm=((0.2, 0.9, 0.1), (-0.5, 0.8, 0.1)),
            left_arm=DOWN,
        ),
        "leg_up": _p(
            "a long leg swung forward until the toes reach waist level",
            "balanced on one foot while the free leg extends in front",
            arms=WIDE,
            right_leg=((0.05, 0.05, 1), (0.05, 0.05, 1), (0, 0.4, 1)),
        ),
    },
    "athletics": {
        "set": _p(
            "crouched on the start line with the fingers on the track",
            "palms by the start line, front knee drawn in close to the ribs",
            pelvis=(88, 0, 0),
            arms=((0.12, -1, 0.1),),
            left_leg=((0.1, -0.7, 0.75), (0.02, -0.75, -0.75)),
            right_leg=((0.1, -0.95, -0.15), (0.02, -0.6, -0.85)),
        ),
        "drive": _p(
            "one knee driven high in front, opposite arm swinging forward",
            "running stride with a lifted knee and pumping bent arms",
            pelvis=(12, 0, 0),
            left_leg=((0.05, -0.15, 1), (0.02, -1, -0.3)),
            right_leg=((0.05, -0.95, -0.45), (0.05, -0.8, -0.6)),
            right_arm=((0.15, -0.5, 0.7), (-0.1, 0.8, 0.6)),
            left_arm=((0.15, -0.55, -0.8), (0.05, -0.75, 0.5)),
        ),
        "leap": _p(
            "in the air with both arms thrown up and legs hanging",
            "airborne, body stretched from the hands to the toes",
            arms=UP,
            legs=((0.12, -1, -0.2), (0.02, -0.9, -0.4)),
            air=0.3,
        ),
        "land": _p(
            "landing with deeply bent knees and arms reaching ahead",
            "absorbing the landing in a crouch, hands in front",
            pelvis=(42, 0, 0),
            arms=AHEAD,
            legs=SQUAT,
        ),
        "cock": _p(
            "throwing arm drawn far back, the free arm pointing ahead",
            "leaning back with the javelin hand behind, other arm out front",
            pelvis=(-10, 0, -55),
            left_arm=((-0.3, 0.25, 1),),
            right_arm=((0.5, 0.1, -1),),
            left_leg=((-0.1, -0.9, 0.5),),
            right_leg=((0.2, -0.9, -0.35), (0.0, -0.9, -0.4)),
        ),
        "release": _p(
            "throwing arm whipped up over the shoulder, weight on the front leg",
            "implement let go high in front, arm straight up and forward",
            pelvis=(15, 0, 10),
            right_arm=((0.1, 0.85, 0.6),),
            left_arm=((0.3, -0.9, -0.2),),
            left_leg=((0.08, -0.9, 0.45),),
            right_leg=((0.1, -0.9, -0.5), (0.0, -0.75, -0.7)),
        ),
    },
    "basketball": {
        "defend": _p(
            "low defensive stance with both arms spread wide",
            "knees bent and hands out to the sides guarding",
            pelvis=(28, 0, 0),
            arms=((0.95, -0.25, 0.3), (0.8, 0.2, 0.5)),
            legs=((0.45, -0.7, 0.6), (0.1, -1, -0.35)),
        ),
        "gather": _p(
            "knees bent with the ball held in front of the belly",
            "dipping down, both hands together at the waist",
            pelvis=(22, 0, 0),
            arms=((0.2, -0.95, 0.1), (-0.35, 0.0, 0.9)),
            legs=HALF_SQUAT,
        ),
        "set": _p(
            "ball cocked just above the eyes, elbows in front",
            "hands at eye level, elbows pointing ahead",
            arms=((0.25, 0.1, 0.95), (-0.2, 0.95, -0.1)),
        ),
        "release": _p(
            "jumping with the shooting arms stretched up over the head",
            "off the floor at the top of the shot, arms high",
            arms=((0.1, 0.95, 0.35),),
            air=0.25,
        ),
        "pass": _p(
            "both hands pushed straight out from the chest",
            "arms snapped forward to pass the ball",
            arms=((0.1, 0.0, 1),),
            left_leg=((0.1, -0.9, 0.4),),
            right_leg=((0.1, -0.95, -0.3),),
        ),
        "rebound": _p(
            "bringing the ball under the chin with elbows flared",
            "hands at the chin and both elbows out wide",
            arms=((0.95, -0.25, 0.2), (-0.85, 0.35, 0.4)),
        ),
    },
    "tennis": {
        "ready": _p(
            "crouched, racket hand and free hand together in front",
            "waiting low on bent knees, both hands ahead of the waist",
            pelvis=(25, 0, 0),
            arms=((0.25, -0.8, 0.5), (-0.2, 0.0, 1)),
            legs=HALF_SQUAT,
        ),
        "trophy": _p(
            "one arm pointing up at the ball, the racket arm bent behind the head",
            "tossing arm straight up, the hitting elbow cocked back",
            spine=(-10, 0, -20),
            left_arm=((0.15, 1, 0.25),),
            right_arm=((0.9, 0.1, -0.4), (-0.2, 0.9, -0.35)),
        ),
        "contact": _p(
            "racket arm reaching full length above the head, free arm tucked down",
            "striking the ball high with a straight arm",
            pelvis=(8, 0, 10),
            right_arm=((0.12, 1, 0.25),),
            left_arm=((0.2, -0.6, 0.5), (-0.5, 0.3, 0.6)),
        ),
        "backswing": _p(
            "shoulders turned sideways, racket taken back behind the body",
            "racket arm stretched backward while the trunk coils",
            spine=(8, 0, -55),
            right_arm=((0.8, -0.15, -0.85),),
            left_arm=((-0.2, 0.0, 1),),
            legs=HALF_SQUAT,
        ),
        "across": _p(
            "racket arm wrapped across the body over the other shoulder",
            "follow-through with the hand ending near the opposite ear",
            spine=(5, 0, 40),
            right_arm=((-0.5, 0.2, 0.9), (-0.9, 0.45, -0.1)),
            left_arm=((0.6, -0.6, -0.2), (0.1, -0.1, 0.6)),
        ),
        "finish_low": _p(
            "stooping forward after the swing, racket arm hanging by the knee",
            "bent at the waist with the hitting hand low beside the leg",
            pelvis=(45, 0, 15),
            right_arm=((-0.2, -1, 0.15),),
            left_arm=((0.5, -0.8, -0.3),),
            right_leg=((0.1, -0.95, -0.4),),
            left_leg=((0.1, -0.9, 0.4), (0, -1, -0.2)),
        ),
    },
    "golf": {
        "address": _p(
            "leaning over the ball with both arms hanging together",
            "slight knee bend, hands joined low in front",
            pelvis=(38, 0, 0),
            arms=((-0.18, -1, 0.2),),
            legs=((0.15, -0.95, 0.25), (0, -1, -0.2)),
        ),
        "top": _p(
            "both hands swung up behind the shoulder, trunk turned away",
            "club at the top, arms wound up to one side",
            pelvis=(15, 0, -25),
            spine=(10, 0, -60),
            left_arm=((-0.8, 0.55, 0.1), (-0.75, 0.7, -0.3)),
            right_arm=((0.75, -0.1, -0.4), (0.1, 0.95, -0.2)),
        ),
        "finish": _p(
            "chest facing the target, hands high over the other shoulder",
            "body unwound and upright with the club behind the neck",
            pelvis=(0, 0, 70),
            left_arm=((0.6, 0.45, -0.3), (0.1, 0.75, -0.6)),
            right_arm=((-0.5, 0.6, 0.4), (-0.8, 0.5, -0.4)),
            right_leg=((0.0, -0.95, -0.3), (0.0, -0.85, -0.5)),
        ),
        "tee": _p(
            "squatting down to put the tee in the ground with one hand",
            "deep knee bend, one hand touching the grass",
            pelvis=(48, 0, 0),
            right_arm=((0.05, -1, 0.35),),
            left_arm=((0.2, -0.5, 0.85), (-0.2, -0.3, 0.9)),
            legs=SQUAT,
        ),
        "watch": _p(
            "standing with one hand shading the eyes",
            "standing straight, palm held like a visor to follow the ball",
            right_arm=((0.75, 0.15, 0.6), (-0.8, 0.55, 0.2)),
            left_arm=DOWN,
        ),
    },
    "boxing": {
        "guard": _p(
            "fists up by the cheeks, elbows close to the ribs",
            "hands protecting the face, arms folded tight",
            pelvis=(8, 0, 0),
            arms=((0.2, -0.9, 0.35), (-0.2, 0.85, 0.5)),
            left_leg=((0.1, -0.9, 0.35), (0, -1, -0.15)),
            right_leg=((0.15, -0.9, -0.25), (0, -0.95, -0.3)),
        ),
        "jab": _p(
            "lead fist shot straight out, other hand guarding the chin",
            "one arm punched out long at shoulder height",
            left_arm=((0.02, 0.05, 1),),
            right_arm=((0.2, -0.9, 0.35), (-0.2, 0.85, 0.5)),
            left_leg=((0.1, -0.9, 0.4), (0, -1, -0.1)),
            right_leg=((0.15, -0.9, -0.3), (0, -0.95, -0.3)),
        ),
        "uppercut": _p(
            "fist driven upward under the chin with a bent elbow",
            "one bent arm punching up in front of the face",
            spine=(0, 0, 25),
            right_arm=((0.1, -0.1, 1), (-0.1, 1, 0.15)),
            left_arm=((0.2, -0.9, 0.3), (-0.2, 0.85, 0.5)),
            legs=HALF_SQUAT,
        ),
        "duck": _p(
            "crouched low under a punch with the fists up",
            "ducking down on deeply bent knees, hands at the face",
            pelvis=(40, 0, 0),
            arms=((0.2, -0.7, 0.7), (-0.2, 0.85, 0.4)),
            legs=SQUAT,
        ),
        "front_kick": _p(
            "one leg thrust out straight in front at belt height",
            "kicking forward with the sole, hands in guard",
            pelvis=(-12, 0, 0),
            arms=((0.25, -0.85, 0.35), (-0.2, 0.85, 0.5)),
            right_leg=((0.05, 0.0, 1), (0.05, 0.02, 1), (0, 1, 0.1)),
        ),
        "knee": _p(
            "one knee pulled up sharply to the chest",
            "knee strike, thigh raised above the hips",
            arms=((0.2, -0.6, 0.7), (-0.15, -0.4, 0.8)),
            right_leg=((0.05, 0.35, 0.95), (0.02, -1, -0.15)),
        ),
    },
    "volleyball": {
        "dig": _p(
            "low stance with both forearms joined and held out below the chest",
            "knees bent, straight arms together reaching down and ahead",
            pelvis=(35, 0, 0),
            arms=((-0.15, -0.7, 0.75),),
            legs=((0.35, -0.6, 0.75), (0.05, -1, -0.4)),
        ),
        "set": _p(
            "both hands above the forehead with bent elbows",
            "fingers raised over the face, elbows open, ready to set",
            arms=((0.6, 0.65, 0.45), (-0.5, 0.85, 0.15)),
            legs=((0.15, -0.95, 0.25), (0, -1, -0.2)),
        ),
        "block": _p(
            "leaving the floor to wall off the net with high hands",
            "off the ground, hands high above the head",
            arms=((0.15, 1, 0.12),),
            air=0.35,
        ),
        "swing_back": _p(
            "stooping with both arms swung behind the hips",
            "leaning forward, straight arms pulled back",
            pelvis=(48, 0, 0),
            arms=((0.2, -0.35, -1),),
            legs=HALF_SQUAT,
        ),
        "toss": _p(
            "one arm held out in front with the palm up, other arm back",
            "holding the ball ahead on one straight arm",
            left_arm=((0.05, 0.0, 1),),
            right_arm=((0.35, -0.6, -0.8),),
        ),
    },
    "daily": {
        "wave": _p(
            "saying hello with a lifted open palm next to the ear",
            "greeting with one bent arm up in the air",
            right_arm=((0.8, 0.1, 0.2), (0.2, 1, 0.1)),
            left_arm=DOWN,
        ),
        "bow": _p(
            "bowing politely with the arms at the sides",
            "upper body inclined forward, hands along the thighs",
            pelvis=(62, 0, 0),
            arms=((0.12, -0.75, -0.35),),
        ),
        "hips": _p(
            "hands planted on the hips, elbows out",
            "standing akimbo",
            arms=ON_HIPS,
        ),
        "pick": _p(
            "squatting to pick something off the floor with both hands",
            "down on bent knees, hands reaching the ground",
            pelvis=(50, 0, 0),
            arms=((0.08, -1, 0.4),),
            legs=SQUAT,
        ),
        "reach": _p(
            "stretching both arms up to a high shelf",
            "reaching overhead with straight arms",
            arms=((0.12, 1, 0.2),),
        ),
        "kneel": _p(
            "down on one knee with the hands on the front thigh",
            "one knee on the floor, the other foot in front",
            arms=((0.15, -0.75, 0.5), (-0.1, -0.45, 0.9)),
            left_leg=((0.1, -0.05, 1), (0.02, -1, 0.0)),
            right_leg=((0.1, -1, 0.0), (0.05, -0.1, -1), (0, -0.2, -1)),
        ),
        "spread": _p(
            "arms opened wide to both sides",
            "welcoming with outstretched arms",
            arms=((1, 0.1, 0.25),),
        ),
    },
}

ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "gym": {
        "thruster": ("rack", "squat", "overhead"),
        "clean and press": ("hinge", "rack", "overhead"),
        "lateral raise": ("stand", "lateral", "stand"),
        "deadlift to front raise": ("hinge", "stand", "front"),
        "walking lunge": ("stand", "lunge", "stand"),
    },
    "yoga": {
        "half sun salutation": ("mountain", "fold", "plank", "dog"),
        "standing balance flow": ("mountain", "tree", "warrior"),
        "chair flow": ("mountain", "chair", "fold"),
        "kneeling flow": ("kneel", "plank", "dog"),
    },
    "dance": {
        "plie to fifth": ("low", "plie", "fifth"),
        "arabesque phrase": ("fifth", "arabesque", "low"),
        "battement": ("low", "leg_up", "fifth"),
        "cambre": ("low", "side_bend", "plie"),
    },
    "athletics": {
        "sprint start": ("set", "drive"),
        "standing long jump": ("leap", "land"),
        "javelin throw": ("drive", "cock", "release"),
        "start and jump": ("set", "drive", "leap", "land"),
    },
    "basketball": {
        "jump shot": ("gather", "set", "release"),
        "chest pass": ("gather", "rebound", "pass"),
        "defensive rebound": ("defend", "release", "rebound"),
    },
    "tennis": {
        "serve": ("trophy", "contact", "finish_low"),
        "forehand": ("ready", "backswing", "across"),
        "overhead smash": ("ready", "trophy", "contact"),
    },
    "golf": {
        "full swing": ("address", "top", "finish"),
        "tee up": ("tee", "address", "watch"),
        "drive and watch": ("address", "top", "finish", "watch"),
    },
    "boxing": {
        "jab and duck": ("guard", "jab", "duck"),
        "duck and uppercut": ("guard", "duck", "uppercut"),
        "front kick": ("guard", "knee", "front_kick"),
        "knee strike": ("guard", "jab", "knee"),
    },
    "volleyball": {
        "block": ("set", "swing_back", "block"),
        "serve receive": ("dig", "set"),
        "jump serve": ("toss", "swing_back", "block"),
    },
    "daily": {
        "lift onto a shelf": ("pick", "hips", "reach"),
        "greeting": ("wave", "bow", "spread"),
        "proposal": ("bow", "kneel", "spread"),
        "tidy up": ("hips", "pick", "wave"),
    },
}
