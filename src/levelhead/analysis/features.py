"""Turn the bytes of a post into numbered features: folded words, word pairs, character grams.

`fold` and `emit` are written in plain integers so that one source serves both the compiled pass
and the interpreter: every product is cut to 32 bits by `MASK32`, which holds whether the machine
wraps at 64 bits or not at all. The tests pin golden hashes; change them only with new models.
"""

from __future__ import annotations

import numpy as np

from levelhead.analysis.hashing import FNV_PRIME, FNV_START, GRAM_PRIME, MASK32, PAIR_PRIME
from levelhead.analysis.official_accounts import is_official

PARENT_SALT = 0x5BD1E995

# How much of a text is looked at, in bytes of UTF-8.
HEAD_BYTES = 4000
TAIL_BYTES = 500
PARENT_BYTES = 600
MAX_BYTES = HEAD_BYTES + TAIL_BYTES + 1

# `fold` writes at most three bytes for one, `emit` at most five features for one byte.
FOLDED_SIZE = 3 * MAX_BYTES + 64
FEATURE_SIZE = 5 * FOLDED_SIZE + 64

# Words and word pairs count this much against a character gram's 1.
WORD_VALUE = 3
FLAG_VALUE = 3

# One byte each in the folded text, so that they hash like words.
MENTION = 1
LINK = 2
MAIL = 3

# What `fold` noticed.
SEEN_MENTION = 1
SEEN_LINK = 2
SEEN_MAIL = 4
SEEN_DOTTED = 8  # a dot between letters: may be a host without its scheme
SEEN_DIGITS = 16  # three digits in a row or more
SEEN_EMOJI = 32
SEEN_QUESTION = 64
SEEN_LETTER = 128
SEEN_ENYE = 256  # ñ, ¿ or ¡, lost in folding but telling of Spanish
STARTS_WITH_MENTION = 512
SHOUTS = 1024
SEEN_NUMBER = 4096  # any digit; for the safety rules, not a feature
OFFICIAL_MENTION = 2048  # a mentioned account whose name is like a public body's or a help desk's

# Letters of U+00C0..U+00FF without their marks; 32 stands for "not a letter".
LATIN_BASE = np.frombuffer(
    b"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty", dtype=np.uint8
)


def fold(src, start, end, out, origin):  # type: ignore[no-untyped-def]
    """Write `src[start:end]` folded into `out`; say how long it is and what was seen.

    Lower case, no Latin accents, no apostrophes, one space between tokens, mentions, links and
    mail addresses as one byte, digits as 0 (but 911 stays), runs of a letter cut to two.
    `origin[k]` is the offset in `src` that `out[k]` came from. Returns (length, flags).
    """
    out[0] = 32
    origin[0] = start
    m = 1
    flags = 0
    upper = 0
    letters = 0
    last = 32
    run = 0
    i = start
    while i < end:
        c = int(src[i])
        step = 1
        kind = 0  # 0 drop, 1 part of a word, 2 a token of its own, 3 space
        value = c
        if c < 128:
            if 65 <= c <= 90 or 97 <= c <= 122:
                kind = 1
                letters += 1
                if c <= 90:
                    upper += 1
                    value = c + 32
                if last == 32 and (value == 104 or value == 119) and i + 7 < end:
                    j = i
                    if value == 104:
                        if (
                            (int(src[i + 1]) | 32) == 116
                            and (int(src[i + 2]) | 32) == 116
                            and (int(src[i + 3]) | 32) == 112
                        ):
                            j = i + 4
                            if (int(src[j]) | 32) == 115:
                                j += 1
                            if not (
                                int(src[j]) == 58
                                and int(src[j + 1]) == 47
                                and int(src[j + 2]) == 47
                            ):
                                j = i
                    elif (
                        (int(src[i + 1]) | 32) == 119
                        and (int(src[i + 2]) | 32) == 119
                        and int(src[i + 3]) == 46
                    ):
                        j = i + 4
                    if j > i:
                        while j < end and int(src[j]) > 32:
                            j += 1
                        flags |= SEEN_LINK
                        letters -= 1
                        if c <= 90:
                            upper -= 1
                        value = LINK
                        kind = 2
                        step = j - i
            elif 48 <= c <= 57:
                j = i
                while j < end and 48 <= int(src[j]) <= 57:
                    j += 1
                flags |= SEEN_NUMBER
                if j - i >= 3:
                    flags |= SEEN_DIGITS
                if j - i == 3 and c == 57 and int(src[i + 1]) == 49 and int(src[i + 2]) == 49:
                    out[m] = 57
                    out[m + 1] = 49
                    out[m + 2] = 49
                    origin[m] = i
                    origin[m + 1] = i
                    origin[m + 2] = i
                    m += 3
                else:
                    for _ in range(min(4, j - i)):
                        out[m] = 48
                        origin[m] = i
                        m += 1
                last = 48
                run = 0
                i = j
                continue
            elif c == 64:
                before = 32
                if i > start:
                    before = int(src[i - 1]) | 32
                joined = 97 <= before <= 122 or 48 <= before <= 57
                j = i + 1
                while j < end:
                    d = int(src[j]) | 32
                    e = int(src[j])
                    if 97 <= d <= 122 or 48 <= e <= 57 or e == 95 or e == 46 or e == 45 or e == 64:
                        j += 1
                    else:
                        break
                if j > i + 1:
                    kind = 2
                    step = j - i
                    if joined:
                        value = MAIL
                        flags |= SEEN_MAIL
                    else:
                        value = MENTION
                        flags |= SEEN_MENTION
                        if is_official(src, i + 1, j) != 0:  # type: ignore[no-untyped-call]
                            flags |= OFFICIAL_MENTION
                        if letters == 0:
                            flags |= STARTS_WITH_MENTION
                else:
                    kind = 2
            elif c == 39 or c == 96:
                kind = 0
            elif c <= 32 or c == 127 or c == 45 or c == 95 or c == 47:
                kind = 3
            else:
                kind = 2
                if c == 63:
                    flags |= SEEN_QUESTION
                elif c == 46 and last != 32 and i + 1 < end and (int(src[i + 1]) | 32) >= 97:
                    flags |= SEEN_DOTTED
        else:
            d = 0
            e = 0
            if i + 1 < end:
                d = int(src[i + 1])
            if i + 2 < end:
                e = int(src[i + 2])
            kind = 1
            if c == 0xC3 and 0x80 <= d <= 0xBF:
                step = 2
                value = int(LATIN_BASE[d - 0x80])
                letters += 1
                if value == 32:
                    kind = 3
                if d == 0xB1 or d == 0x91:
                    flags |= SEEN_ENYE
            elif c == 0xC2:
                step = 2
                kind = 3
                if d == 0xBF:
                    kind = 2
                    value = 0xBF
                    flags |= SEEN_ENYE | SEEN_QUESTION
                elif d == 0xA1:
                    kind = 2
                    value = 0xA1
                    flags |= SEEN_ENYE
                elif d == 0xB4 or d == 0xAD:
                    kind = 0
            elif c == 0xE2 and (d == 0x80 or d == 0x81):
                step = 3
                if (
                    d == 0x81
                    or e == 0x98
                    or e == 0x99
                    or e == 0x9B
                    or 0x8B <= e <= 0x8F
                    or 0xAA <= e <= 0xAE
                ):
                    kind = 0
                elif 0x9C <= e <= 0x9F:
                    kind = 2
                    value = 34
                else:
                    kind = 3
            elif c == 0xE2:
                # Arrows, dingbats, symbols: a token of their own.
                step = 3
                kind = 2
                value = (d ^ (e << 1)) & 0x7F | 0x80
                flags |= SEEN_EMOJI
            elif (c == 0xEF and d == 0xB8) or (c == 0xEF and d == 0xBB and e == 0xBF):
                step = 3
                kind = 0
            elif c == 0xEF and d == 0xBC and 0xA1 <= e <= 0xBA:
                step = 3
                value = e - 0xA1 + 97
            elif c == 0xEF and d == 0xBD and 0x81 <= e <= 0x9A:
                step = 3
                value = e - 0x81 + 97
            elif c >= 0xF0:
                step = 4
                flags |= SEEN_EMOJI
                if i + 3 < end and m + 8 < FOLDED_SIZE:
                    out[m] = 32
                    out[m + 1] = d
                    out[m + 2] = e
                    out[m + 3] = int(src[i + 3])
                    out[m + 4] = 32
                    for k in range(5):
                        origin[m + k] = i
                    m += 5
                last = 32
                run = 0
                i += 4
                continue
        if kind == 1:
            if value == last:
                run += 1
            else:
                run = 1
            if run <= 2 or value >= 128:
                out[m] = value
                origin[m] = i
                m += 1
            last = value
        elif kind == 2:
            j = i + step
            twice = False
            if step == 1:
                while j < end and int(src[j]) == c:
                    j += 1
                    twice = True
            step = j - i
            if last != 32:
                out[m] = 32
                origin[m] = i
                m += 1
            out[m] = value
            origin[m] = i
            m += 1
            if twice:
                out[m] = value
                origin[m] = i
                m += 1
            out[m] = 32
            origin[m] = i
            m += 1
            last = 32
            run = 0
        elif kind == 3:
            if last != 32:
                out[m] = 32
                origin[m] = i
                m += 1
            last = 32
            run = 0
        i += step
    if last != 32:
        out[m] = 32
        origin[m] = end
        m += 1
    if letters > 0:
        flags |= SEEN_LETTER
    if letters >= 12 and upper * 10 >= letters * 7:
        flags |= SHOUTS
    return m, flags


def emit(folded, m, salt, grams, index, value, owner, k, mask, keys, bits):  # type: ignore[no-untyped-def]
    """Append the features of `folded[:m]` from place `k` on; say how many there are now.

    `index` is the row of the weight table, `value` its count, `owner` the offset of its token in
    `folded`. `grams` 0 leaves the character grams out (a parent's text). `keys` and `bits` are
    the open-addressed table of trigger words and pairs. Returns (k, triggers, tokens).
    """
    triggers = 0
    tokens = 0
    previous = (FNV_START ^ salt) & MASK32
    size_mask = len(keys) - 1
    i = 0
    while i < m:
        while i < m and int(folded[i]) == 32:
            i += 1
        if i >= m:
            break
        j = i
        h = FNV_START
        while j < m and int(folded[j]) != 32:
            h = ((h ^ int(folded[j])) * FNV_PRIME) & MASK32
            j += 1
        if salt == 0:
            slot = h & size_mask
            while int(keys[slot]) != 0:
                if int(keys[slot]) == h:
                    triggers |= int(bits[slot])
                slot = (slot + 1) & size_mask
            pair = ((previous * PAIR_PRIME) & MASK32) ^ h
            slot = pair & size_mask
            while int(keys[slot]) != 0:
                if int(keys[slot]) == pair:
                    triggers |= int(bits[slot])
                slot = (slot + 1) & size_mask
        h = h ^ salt
        g = h ^ (h >> 15)
        index[k] = g & mask
        value[k] = WORD_VALUE
        owner[k] = i
        k += 1
        g = ((previous * PAIR_PRIME) & MASK32) ^ h
        g = (g * GRAM_PRIME) & MASK32
        g = g ^ (g >> 15)
        index[k] = g & mask
        value[k] = WORD_VALUE
        owner[k] = i
        k += 1
        previous = h
        tokens += 1
        if grams != 0 and j - i > 1:
            # Grams of three to five bytes over the word with one blank on each side.
            for s in range(i - 1, j - 1):
                g = FNV_START
                for t in range(min(5, j + 1 - s)):
                    c = 32
                    if i <= s + t < j:
                        c = int(folded[s + t])
                    g = ((g ^ c) * FNV_PRIME) & MASK32
                    if t >= 2:
                        x = ((g + t) * GRAM_PRIME) & MASK32
                        index[k] = (x ^ (x >> 13)) & mask
                        value[k] = 1
                        owner[k] = i
                        k += 1
        i = j
    if tokens > 0:
        g = ((previous * PAIR_PRIME) & MASK32) ^ 0x27D4EB2F
        g = (g * GRAM_PRIME) & MASK32
        g = g ^ (g >> 15)
        index[k] = g & mask
        value[k] = WORD_VALUE
        owner[k] = m
        k += 1
    return k, triggers, tokens


def emit_flags(flags, tokens, parent, index, value, owner, k, mask):  # type: ignore[no-untyped-def]
    """Append what is known of the whole text: marks seen, how long, whether it is an answer."""
    size = 0
    left = tokens
    while left > 0:
        size += 1
        left = left >> 1
    state = ((flags & 0xFFF) << 8) | (min(size, 7) << 1) | parent
    for bit in range(21):
        on = 0
        if bit == 20:
            # Somebody is spoken to, and it is not an account like ours.
            on = (state >> 8) & ~(state >> 19) & 1
        elif bit >= 8:
            on = (state >> bit) & 1
        elif bit == 0:
            on = parent
        elif bit == min(size, 7):
            on = 1
        if on != 0:
            x = ((0x1000 + bit) * PAIR_PRIME) & MASK32
            x = x ^ (x >> 15)
            index[k] = x & mask
            value[k] = FLAG_VALUE
            owner[k] = -1
            k += 1
    return k
