"""What people post about on an ordinary day all at once: sentences of our own, with blanks."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Final

# One value of these is drawn for a whole bump, the others for each post.
_SHARED: Final = frozenset(["team", "rival", "road", "venue", "artist", "school"])
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "team": ("Harriers", "Otters", "Rockets", "Halcones", "Lumberjacks", "Comets"),
    "rival": ("Wolves", "Pirates", "Leones", "Mariners", "Bulls", "Storm"),
    "road": ("Cedar Ave", "Route 9", "the Fifth Street bridge", "Mill Road", "Avenida Central"),
    "venue": ("Eastgate Arena", "the fairgrounds", "Lincoln Park", "the waterfront"),
    "artist": ("the Paper Lanterns", "Nina Sol", "DJ Marrow", "Los Primos"),
    "school": ("Jefferson High", "Oakwood Elementary", "the community college"),
    "mark": ("", "!", "!!", " lol", " \U0001f602", "...", " smh", " haha"),
    "who": ("my sister", "the neighbor", "my boss", "abuela", "this kid behind me", "my roommate"),
    "thing": ("exam", "commute", "haircut", "group project", "diet", "first date", "laundry"),
    "score": ("2-1", "3-0", "21-14", "98-97", "5-4"),
}
BUMPS: Final[Mapping[str, tuple[str, ...]]] = {
    "match": (
        "GOAL {team}{mark}",
        "What a bomb from midfield, {team} lead {score}",
        "{team} are on fire tonight{mark}",
        "Shots everywhere and the keeper saves them all {team} {rival}",
        "{rival} defense collapsed in the second half{mark}",
        "That {team} comeback, the whole stand was shaking like an earthquake{mark}",
        "Final: {team} {score} {rival}",
        "Ref is blind, {rival} attack all night and no penalty",
        "vamos {team}, que golazo{mark}",
        "Traffic around {venue} is stuck because of the {team} game",
        "{team} killed it tonight, {rival} got destroyed{mark}",
        "heartbroken, {team} lose again{mark}",
        "{team} flooding the pitch with fans, police just watching",
    ),
    "closure": (
        "{road} closed until Friday for paving, use the detour",
        "Why is {road} closed again{mark}",
        "Stuck on {road} for forty minutes{mark}",
        "Heads up, {road} down to one lane for utility work",
        "cerrada {road} por obras, tomen otra ruta",
        "City says {road} reopens Monday after the water main repair",
        "Who plans these closures? {road} backed up to the highway",
        "Detour around {road} sends everyone past {school}",
        "{school} closed for the holiday, no buses today",
        "Crews on {road} filling potholes finally{mark}",
        "Update: one lane of {road} open, flaggers on site",
        "Power will be off on {road} from 9 to 11 for planned work",
    ),
    "jokes": (
        "{who} cooking again, kitchen looks like a tornado hit it{mark}",
        "This {thing} is a total disaster{mark}",
        "Survived hurricane {who} this weekend{mark}",
        "My {thing} was a train wreck{mark}",
        "an earthquake of bad decisions, also known as my {thing}{mark}",
        "{who} exploded when the wifi dropped{mark}",
        "my inbox is flooded, send coffee{mark}",
        "If this {thing} gets worse I am declaring a state of emergency{mark}",
        "mi cuarto parece que paso un huracan{mark}",
        "{who} walked in like a wildfire and ate every taco{mark}",
        "pray for me, {thing} in ten minutes{mark}",
        "RIP my {thing}, killed by {who}{mark}",
        "meteorologists should name {who}, category five at breakfast{mark}",
        "that new tornado movie is a landslide of bad acting{mark}",
        "evacuate the office, {who} microwaved fish{mark}",
    ),
    "show": (
        "{artist} at {venue} tonight, who is going{mark}",
        "{artist} blew the roof off {venue}{mark}",
        "the bass at {venue} is shaking my windows{mark}",
        "Parking near {venue} is full, take the train",
        "{artist} playing the new album start to finish{mark}",
        "fireworks over {venue}, dogs are not amused{mark}",
        "que buen concierto de {artist}{mark}",
        "lost my voice at {artist}{mark}",
        "smoke machines at {artist} were something else{mark}",
    ),
    "drill": (
        "Fire drill at {school} this morning, all back in class",
        "Reminder: siren test at noon, this is only a test",
        "The sirens are just the monthly test{mark}",
        "{school} lockdown drill today, no need to call",
        "simulacro de sismo a las 11 en {school}",
        "who else jumped at the siren test{mark}",
        "Practice evacuation at {school} went well, thanks to all",
    ),
    "anniversary": (
        "Ten years ago today the flood took {road}. We remember",
        "Remembering the old mill fire, 25 years later",
        "Hace 20 anos el terremoto cambio {road}",
        "Candles at {venue} tonight for the anniversary of the storm",
        "Photos of the 1998 tornado at the library this week",
        "My grandfather told stories of the blizzard of 78 every winter",
    ),
}
_BLANK: Final = re.compile(r"\{(\w+)\}")


def fill(kind: str, topic: float, draw: random.Random) -> str:
    """A post of that kind of bump; `topic` (0-1) chooses what the whole bump shares."""

    def choose(match: re.Match[str]) -> str:
        words = WORDS[match[1]]
        if match[1] in _SHARED:
            return words[int(topic * len(words)) % len(words)]
        return draw.choice(words)

    return _BLANK.sub(choose, draw.choice(BUMPS[kind]))
