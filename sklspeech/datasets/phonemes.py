"""Phonemes as targets of a formant synthesizer, and words as phonemes.

Vowels after G. E. Peterson and H. L. Barney, Control methods used in a study of the vowels, JASA 1952.
"""

from typing import NamedTuple


class Phoneme(NamedTuple):
    """A target of the mouth, which is held for its duration."""

    formants: tuple  # Hz, the first three, of a grown man
    voicing: float = 1.0  # amplitude of the pulses
    noise: float = 0.0  # amplitude of the noise
    band: tuple = (0.0, 0.0)  # Hz: centre and width of the noise; 0 is noise through the formants
    duration: float = 0.09  # seconds


def _stop(formants, burst, voiced):
    """Closure and burst."""
    hold = Phoneme(formants, 0.15 if voiced else 0.0, 0.0, duration=0.05)
    return [hold, Phoneme(formants, 0.3 if voiced else 0.0, 0.5 if voiced else 0.8, burst, 0.025)]


PHONEMES = {
    "IY": [Phoneme((270, 2290, 3010), duration=0.13)],
    "IH": [Phoneme((390, 1990, 2550))],
    "EH": [Phoneme((530, 1840, 2480), duration=0.11)],
    "AE": [Phoneme((660, 1720, 2410), duration=0.14)],
    "AH": [Phoneme((640, 1190, 2390), duration=0.1)],
    "AA": [Phoneme((730, 1090, 2440), duration=0.14)],
    "AO": [Phoneme((570, 840, 2410), duration=0.14)],
    "UH": [Phoneme((440, 1020, 2240))],
    "UW": [Phoneme((300, 870, 2240), duration=0.14)],
    "ER": [Phoneme((490, 1350, 1690), duration=0.13)],
    "EY": [Phoneme((530, 1840, 2480), duration=0.09), Phoneme((300, 2250, 2950), duration=0.08)],
    "AY": [Phoneme((730, 1090, 2440), duration=0.11), Phoneme((350, 2100, 2800), duration=0.09)],
    "OW": [Phoneme((570, 840, 2410), duration=0.1), Phoneme((330, 800, 2300), duration=0.08)],
    "AW": [Phoneme((730, 1090, 2440), duration=0.11), Phoneme((330, 870, 2240), duration=0.09)],
    "OY": [Phoneme((570, 840, 2410), duration=0.11), Phoneme((350, 2100, 2800), duration=0.09)],
    "W": [Phoneme((300, 610, 2200), 0.7, duration=0.07)],
    "Y": [Phoneme((260, 2070, 3020), 0.7, duration=0.07)],
    "R": [Phoneme((310, 1060, 1380), 0.7, duration=0.07)],
    "L": [Phoneme((310, 1050, 2880), 0.7, duration=0.07)],
    "M": [Phoneme((250, 900, 2200), 0.4, duration=0.08)],
    "N": [Phoneme((250, 1700, 2600), 0.4, duration=0.08)],
    "NG": [Phoneme((250, 2000, 2500), 0.4, duration=0.08)],
    "S": [Phoneme((320, 1390, 2530), 0.0, 0.6, (6200, 2200), 0.12)],
    "SH": [Phoneme((300, 1840, 2750), 0.0, 0.7, (3400, 1600), 0.12)],
    "F": [Phoneme((340, 1100, 2080), 0.0, 0.3, (4500, 7000), 0.11)],
    "TH": [Phoneme((320, 1290, 2540), 0.0, 0.2, (5500, 5000), 0.1)],
    "Z": [Phoneme((240, 1390, 2530), 0.4, 0.35, (6200, 2200), 0.09)],
    "V": [Phoneme((220, 1100, 2080), 0.5, 0.12, (4500, 7000), 0.07)],
    "DH": [Phoneme((270, 1290, 2540), 0.5, 0.08, (5500, 5000), 0.06)],
    "HH": [Phoneme((500, 1500, 2500), 0.0, 0.4, duration=0.06)],
    "P": _stop((400, 1100, 2150), (900, 900), False),
    "B": _stop((200, 1100, 2150), (900, 900), True),
    "T": _stop((400, 1600, 2600), (4200, 2500), False),
    "D": _stop((200, 1600, 2600), (3800, 2500), True),
    "K": _stop((300, 1990, 2850), (1900, 900), False),
    "G": _stop((200, 1990, 2850), (1900, 900), True),
}

#: Words and their phonemes, in ARPAbet.
LEXICON = {
    "zero": "Z IH R OW",
    "one": "W AH N",
    "two": "T UW",
    "three": "TH R IY",
    "four": "F AO R",
    "five": "F AY V",
    "six": "S IH K S",
    "seven": "S EH V AH N",
    "eight": "EY T",
    "nine": "N AY N",
    "yes": "Y EH S",
    "no": "N OW",
    "up": "AH P",
    "down": "D AW N",
    "left": "L EH F T",
    "right": "R AY T",
    "on": "AA N",
    "off": "AO F",
    "stop": "S T AA P",
    "go": "G OW",
}

#: The ten digits, the default of `make_spoken_words`.
DIGITS = tuple(LEXICON)[:10]
