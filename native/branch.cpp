// Shots of circuits in which something happens on the way: errors, measurements, resets.
//
// The errors of every shot are drawn first; whether they happen does not depend on the state. Shots
// are then sorted by what happens to them and walked as a tree: shots run together until they differ,
// and only there is the register copied. The largest part goes on in place, so at most log2(shots)
// copies live at once. A damping is a weak measurement: like a measurement in the middle, it parts the
// shots that it happens to by what comes of it. So does a step of a channel, if what happens has
// several Kraus operators. What a shot gives depends on its own random numbers alone, never on its
// company.
//
// With jumps and assignments shots part by what their records say, and may come by a place more than
// once. Every one of them ends a segment; how many a shot has met is its visit, which all that is
// drawn in the next segment depends on. So errors are drawn segment by segment, as shots enter it.

#include "walk.h"

namespace kw {

namespace {

constexpr int SHARED_FROM = 18; // from so many qubits threads share one register
constexpr i64 MOST_ERRORS = (i64)1 << 21; // of shots walked together

template <class T> struct Parts {
    Walk<T> *walks;
    i64 *starts; // parts + 1
    i64 *order;

    static void run(void *context, i64 number, int) {
        Parts &p = *(Parts *)context;
        Walk<T> &w = p.walks[number];
        i64 start = p.starts[number], count = p.starts[number + 1] - start;
        if (!count) return;
        T *state = w.take_register();
        if (!state) return;
        w.machine.start(state);
        w.walk(state, {0, 0, 0, false, w.control != nullptr}, p.order + start, count);
        w.give_register(state);
    }
};

// Cut the shots into parts of about the same work: a shot's own work is what follows its first error.
void share_out(const Plan &plan, const Shots &s, int parts, i64 *starts) {
    auto work = [&](i64 i) {
        i64 shot = s.order[i];
        if (s.start(shot) == s.end(shot)) return (i64)0;
        return (i64)(plan.group_count - s.errors[s.start(shot)].group) + 1;
    };
    i64 total = 0, passed = 0;
    for (i64 i = 0; i < s.count; i++) total += work(i);
    bool events = false;
    for (int g = 0; g < plan.group_count; g++) events |= plan.groups[g].how == How::EVENT;
    int part = 0;
    starts[0] = 0;
    for (i64 i = 0; i < s.count; i++) {
        // With events, every shot is its own branch soon: share by number.
        i64 at = events ? i * parts / s.count : (total ? passed * parts / total : 0);
        while (part < at && part < parts - 1) starts[++part] = i;
        passed += work(i);
    }
    while (part < parts) starts[++part] = s.count;
}

void misread(const kw_sampling *s, i64 row) {
    if (!s->misread) return;
    for (i64 shot = 0; shot < s->shots; shot++) {
        u64 *record = s->records + ((size_t)row * (size_t)s->shots + (size_t)shot) * (size_t)s->words;
        for (int slot = 0; slot < s->slots; slot++) {
            u64 &word = record[slot >> 6];
            double odds = s->misread[2 * slot + (word >> (slot & 63) & 1)];
            if (odds > 0 && unit(random_bits(s->seeds[row], READOUT, (u64)shot, (u32)slot)) < odds)
                word ^= ONE << (slot & 63);
        }
    }
}

// Nothing has happened yet to any shot.
template <class T> void begin(Shots &shots, Walk<T> *walks, int parts, const ErrorDraws &errors) {
    memset(shots.starts, 0, sizeof(i64) * (size_t)(shots.count + 1));
    shots.ends = shots.starts + 1;
    for (i64 i = 0; i < shots.count; i++) {
        shots.order[i] = shots.first + i;
        walks[0].visits[i] = 0;
        walks[0].loops[i] = 0;
    }
    for (int i = 0; i < parts; i++) {
        walks[i].errors = &errors;
        walks[i].own.first = shots.first;
        walks[i].own_count = 0;
    }
}

// Which segment each group is in, and where the sites of each segment start: the last two of
// `segments` and `starts` are ends.
void find_segments(const Plan &plan, const kw_noise &noise, int *segments, int *starts) {
    int count = 0;
    for (int g = 0; g < plan.group_count; g++) {
        segments[g] = count;
        count += decides(plan, g);
    }
    segments[plan.group_count] = count;
    for (int site = noise.sites - 1, segment = count + 1; segment >= 0; segment--) {
        while (site >= 0 && segments[plan.ops[noise.ops[site]].group] >= segment) site--;
        starts[segment] = site + 1;
    }
}

template <class T>
void branch(Arena &arena, const kw_program *program, const kw_noise *noise, const kw_sampling *wanted,
            Team &team) {
    Plan plan;
    make_plan(plan, arena, program, noise, Tiling<T>::TILE, Tiling<T>::RUN, true);
    Reading *reading = arena.array<Reading>(1);
    reading->open(plan);
    bool share = plan.qubits >= SHARED_FROM;
    int parts = share ? 1 : team.size;
    if (parts > wanted->shots) parts = (int)wanted->shots;
    Odds odds;
    odds.open(arena, *noise);
    i64 together = (i64)((double)MOST_ERRORS / (1 + odds.sum)) + 1;
    if (together > wanted->shots) together = wanted->shots;
    Squares squares;
    squares.open(arena, *noise);
    Walk<T> *walks = arena.zeros<Walk<T>>(parts);
    i64 *starts = arena.array<i64>(parts + 1);
    i64 chunks = (i64)(amplitudes(plan.qubits) / CHUNK) + 1;
    for (int i = 0; i < parts; i++) {
        Walk<T> &w = walks[i];
        w.plan = &plan;
        w.wanted = wanted;
        w.noise = noise;
        w.squares = &squares;
        w.reading = reading;
        w.team = share ? &team : nullptr;
        w.machine.open(arena, plan, w.team);
        w.free = arena.array<T *>(80);
        w.sums = arena.array<double>(reading->blocks());
        w.block = arena.array<double>(1 << BLOCK);
        w.halves = arena.array<double>(2 * chunks);
        w.draws = arena.array<Draw>(together);
        w.spare = arena.array<Draw>(together);
        w.part = arena.array<i64>(together);
        w.densities = arena.array<double>(2 * DENSITY * chunks);
        w.arena = &arena;
    }
    int *segments = arena.array<int>(plan.group_count + 1), *site_starts = nullptr;
    if (wanted->control) {
        site_starts = arena.array<int>(plan.group_count + 2);
        find_segments(plan, *noise, segments, site_starts);
        u32 *visits = arena.array<u32>(together);
        i64 *loops = arena.array<i64>(together), *ends = arena.array<i64>(2 * together);
        for (int i = 0; i < parts; i++) {
            Walk<T> &w = walks[i];
            w.control = wanted->control;
            w.segments = segments;
            w.site_starts = site_starts;
            w.visits = visits;
            w.loops = loops;
            w.own.starts = ends;
            w.own.ends = ends + together;
            w.shots = &w.own;
            w.endless = -1;
        }
    }
    bool failed = false;
    for (i64 row = 0; row < wanted->rows && !failed; row++) {
        for (int i = 0; i < parts; i++) {
            walks[i].row = row;
            walks[i].machine.prepare(row);
        }
        for (i64 first = 0; first < wanted->shots && !failed; first += together) {
            Shots shots;
            shots.first = first;
            shots.count = wanted->shots - first < together ? wanted->shots - first : together;
            shots.starts = arena.array<i64>(shots.count + 1);
            shots.order = arena.array<i64>(shots.count);
            ErrorDraws errors = {plan, *noise, odds, wanted->seeds[row]};
            if (wanted->control)
                begin(shots, walks, parts, errors);
            else {
                draw_errors(shots, arena, errors);
                for (int i = 0; i < parts; i++) walks[i].shots = &shots;
            }
            share_out(plan, shots, parts, starts);
            Parts<T> work = {walks, starts, shots.order};
            if (share)
                Parts<T>::run(&work, 0, 0);
            else
                team.each(parts, Parts<T>::run, &work);
            for (int i = 0; i < parts; i++) failed |= walks[i].out_of_memory;
            if (!wanted->control) arena.give(shots.errors);
            arena.give(shots.starts);
            arena.give(shots.order);
        }
        misread(wanted, row);
    }
    for (int i = parts - 1; i >= 0; i--)
        if (wanted->control && walks[i].endless >= 0) {
            wanted->control->endless = walks[i].endless;
            arena.why = KW_ENDLESS;
        }
    if (failed) longjmp(arena.failed, 1);
}

} // namespace

} // namespace kw

#include "call.h"

using namespace kw;

extern "C" int kw_branch(const kw_program *program, const kw_noise *noise, const kw_sampling *sampling) {
    KW_CALL(sampling->threads, sampling->single
                                   ? branch<float>(arena, program, noise, sampling, team)
                                   : branch<double>(arena, program, noise, sampling, team))
}
