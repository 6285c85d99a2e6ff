// The errors of shots: drawn before anything runs, and sorted.
#pragma once

#include "plan.h"

namespace kw {

namespace {

struct Shots {
    i64 first, count; // shots first..first+count-1
    i64 *starts;      // of the errors of each shot
    i64 *ends;
    Error *errors;    // in the order of groups, ranks and sites
    i64 *order;       // shots sorted by their errors

    i64 start(i64 shot) const { return starts[shot - first]; }
    i64 end(i64 shot) const { return ends[shot - first]; }
};

int compare(const Error &a, const Error &b) {
    if (a.group != b.group) return a.group < b.group ? -1 : 1;
    if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
    if (a.site != b.site) return a.site < b.site ? -1 : 1;
    if (a.x != b.x) return a.x < b.x ? -1 : 1;
    if (a.z != b.z) return a.z < b.z ? -1 : 1;
    return 0;
}

// Shots with fewer errors come last: those without any are what all others leave.
int compare_shots(const Shots &s, i64 a, i64 b) {
    i64 i = s.start(a), j = s.start(b);
    for (;; i++, j++) {
        bool more_a = i < s.end(a), more_b = j < s.end(b);
        if (!more_a || !more_b) return more_a ? -1 : more_b ? 1 : a < b ? -1 : a > b;
        int order = compare(s.errors[i], s.errors[j]);
        if (order) return order;
    }
}

void sort_shots(const Shots &s, i64 *order, i64 *spare, i64 count) {
    for (i64 width = 1; width < count; width *= 2) {
        for (i64 start = 0; start < count; start += 2 * width) {
            i64 middle = start + width < count ? start + width : count;
            i64 end = middle + width < count ? middle + width : count;
            i64 i = start, j = middle;
            for (i64 k = start; k < end; k++)
                spare[k] = i < middle && (j == end || compare_shots(s, order[i], order[j]) < 0)
                               ? order[i++]
                               : order[j++];
        }
        memcpy(order, spare, sizeof(i64) * (size_t)count);
    }
}

void add_letter(int letter, int qubit, Error &e) { // 1..3 for X Y Z
    if (letter == 1 || letter == 2) e.x ^= ONE << qubit;
    if (letter == 2 || letter == 3) e.z ^= ONE << qubit;
}

// The sites of noise, cut into stretches so short that one draw can look over each: few enough that
// no odds underflow. Within a stretch of sites `reach[i]` is the odds that nothing happens at any site
// of it before i, and `passed[i]` that nothing happens at site i either.
struct Odds {
    double *reach, *passed;
    int *ends; // of the stretch that site i is in
    double sum;

    void open(Arena &arena, const kw_noise &noise) {
        constexpr int LONGEST = 128;
        reach = arena.array<double>(noise.sites);
        passed = arena.array<double>(noise.sites);
        ends = arena.array<int>(noise.sites);
        sum = 0;
        for (int i = 0, start = 0; i < noise.sites; i++) {
            if (i == start + LONGEST || (i > start && passed[i - 1] < 1e-200)) start = i;
            reach[i] = i == start ? 1 : passed[i - 1];
            passed[i] = reach[i] * (1 - noise.odds[i]);
            sum += noise.odds[i];
            ends[i] = start; // for now
        }
        for (int i = noise.sites - 1, end = noise.sites; i >= 0; i--) {
            int start = ends[i];
            ends[i] = end;
            if (i == start) end = start;
        }
    }
};

// What happens to each shot.
struct ErrorDraws {
    const Plan &plan;
    const kw_noise &noise;
    const Odds &odds;
    u64 seed;

    // Calls found(site, letters) for every error of a shot.
    template <class F> void of_shot(i64 shot, F found) const {
        among(shot, 0, noise.sites, ERRORS, found);
    }

    // The same for sites from..to-1.
    template <class F> void among(i64 shot, int from, int to, u32 stream, F found) const {
        u32 draw = 0;
        for (int site = from; site < to; draw++) {
            int end = odds.ends[site] < to ? odds.ends[site] : to;
            // The next error is at the first site that is passed with odds less than u.
            double u = (1 - unit(random_bits(seed, stream, (u64)shot, draw))) * odds.reach[site];
            int low = site, high = end;
            while (low < high) {
                int middle = (low + high) / 2;
                if (odds.passed[middle] < u)
                    high = middle;
                else
                    low = middle + 1;
            }
            site = low;
            if (low == end) continue;
            u64 bits = random_bits(seed, stream, (u64)shot, ++draw);
            int table = noise.tables[low];
            found(low, table >= 0    ? letters(noise.limits + 16 * table, bits)
                       : table == -1 ? 0
                                     : case_of(-2 - table, bits));
            site = low + 1;
        }
    }

    static int letters(const u64 *limits, u64 bits) {
        int k = 1;
        while (k < 15 && bits >= limits[k] && limits[k] != ~(u64)0) k++;
        return k;
    }

    int case_of(int step, u64 bits) const {
        int k = noise.steps->starts[step], last = noise.steps->starts[step + 1] - 1;
        while (k < last && bits >= noise.steps->limits[k]) k++;
        return k;
    }

    Error error(int site, int letters) const {
        const Op &op = plan.ops[noise.ops[site]];
        Error e = {op.group, op.rank, site, noise.tables[site] < 0, 0, 0};
        if (e.damps) {
            e.x = ONE << plan.site_first[site];
            e.z = (u64)letters; // the case of a step
            return e;
        }
        add_letter(letters & 3, plan.site_first[site], e);
        if (plan.site_second[site] >= 0) add_letter(letters >> 2, plan.site_second[site], e);
        return e;
    }
};

// Put an error into errors[start..end), which are in order.
void insert(Error *errors, i64 start, i64 end, const Error &e) {
    i64 j = end;
    for (; j > start && compare(e, errors[j - 1]) < 0; j--) errors[j] = errors[j - 1];
    errors[j] = e;
}

void draw_errors(Shots &s, Arena &arena, const ErrorDraws &draws) {
    i64 total = 0;
    for (i64 i = 0; i < s.count; i++) {
        s.starts[i] = total;
        draws.of_shot(s.first + i, [&](int, int) { total++; });
    }
    s.starts[s.count] = total;
    s.ends = s.starts + 1;
    s.errors = arena.array<Error>((size_t)total);
    i64 at = 0;
    for (i64 i = 0; i < s.count; i++) {
        i64 start = at;
        draws.of_shot(s.first + i, [&](int site, int letters) {
            insert(s.errors, start, at++, draws.error(site, letters));
        });
    }
    i64 *spare = arena.array<i64>(s.count);
    for (i64 i = 0; i < s.count; i++) s.order[i] = s.first + i;
    sort_shots(s, s.order, spare, s.count);
    arena.give(spare);
}

} // namespace

} // namespace kw
