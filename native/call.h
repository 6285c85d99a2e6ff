// How every entry of the library begins and ends.
#pragma once

#include "core.h"

// Everything a call takes is given back here, also when memory did not come half way.
#define KW_CALL(threads, body)                                                                     \
    if (program->qubits > MAX_QUBITS) return KW_TOO_WIDE;                                          \
    Arena arena;                                                                                   \
    Team team;                                                                                     \
    volatile bool opened = false;                                                                  \
    arena.open();                                                                                  \
    if (setjmp(arena.failed)) {                                                                    \
        if (opened) team.close();                                                                  \
        arena.close();                                                                             \
        return arena.why;                                                                       \
    }                                                                                              \
    team.open(arena, threads);                                                                     \
    opened = true;                                                                                 \
    body;                                                                                          \
    team.close();                                                                                  \
    arena.close();                                                                                 \
    return KW_OK;
