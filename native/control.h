// Expressions over the bits of a record: what jumps depend on, and what assignments store.
#pragma once

#include "core.h"

namespace kw {

inline u64 bit_of(const u64 *record, int slot) { return record[slot >> 6] >> (slot & 63) & 1; }

inline void write_bit(u64 *record, int slot, u64 value) {
    u64 &word = record[slot >> 6];
    word = (word & ~(ONE << (slot & 63))) | value << (slot & 63);
}

// The value of expression number `which`, which may store into the record. Codes have been checked:
// no stack is higher than 64, and each leaves one value.
inline u64 evaluate(const kw_control &control, int which, u64 *record) {
    u64 stack[64];
    int top = -1;
    const int32_t *w = control.words + control.starts[which], *end = control.words + control.starts[which + 1];
    auto low = [](u64 value, int bits) { return bits < 64 ? value & ((ONE << bits) - 1) : value; };
    while (w < end) {
        int code = *w++;
        if (code >= KW_AND && code <= KW_AT_MOST_SIGNED) {
            u64 b = stack[top--], &a = stack[top];
            switch (code) {
            case KW_AND: a &= b; break;
            case KW_OR: a |= b; break;
            case KW_XOR: a ^= b; break;
            case KW_ADD: a += b; break;
            case KW_SUBTRACT: a -= b; break;
            case KW_MULTIPLY: a *= b; break;
            case KW_DIVIDE: a = b ? a / b : 0; break;
            case KW_REMAINDER: a = b ? a % b : 0; break;
            case KW_LEFT: a = b < 64 ? a << b : 0; break;
            case KW_RIGHT: a = b < 64 ? a >> b : 0; break;
            case KW_EQUAL: a = a == b; break;
            case KW_LESS: a = a < b; break;
            case KW_AT_MOST: a = a <= b; break;
            case KW_LESS_SIGNED: a = (i64)a < (i64)b; break;
            case KW_AT_MOST_SIGNED: a = (i64)a <= (i64)b; break;
            }
            continue;
        }
        switch (code) {
        case KW_BIT: stack[++top] = bit_of(record, *w++); break;
        case KW_BITS: {
            u64 value = 0;
            int count = *w++;
            for (int i = 0; i < count; i++) value |= bit_of(record, *w++) << i;
            stack[++top] = value;
            break;
        }
        case KW_NUMBER:
            stack[++top] = (u64)(u32)w[0] | (u64)(u32)w[1] << 32;
            w += 2;
            break;
        case KW_NOT: stack[top] = ~stack[top]; break;
        case KW_IS_ZERO: stack[top] = !stack[top]; break;
        case KW_LOW: stack[top] = low(stack[top], *w++); break;
        case KW_SIGNED: {
            int bits = *w++;
            u64 sign = ONE << (bits - 1);
            stack[top] = (low(stack[top], bits) ^ sign) - sign;
            break;
        }
        case KW_STORE: {
            int count = *w++;
            for (int i = 0; i < count; i++) write_bit(record, *w++, stack[top] >> i & 1);
            break;
        }
        }
    }
    return stack[top];
}

} // namespace kw
