// SPDX-License-Identifier: MIT
/*
 * A simulated supd-init for the engine's model test: slots, places, exit records until FORGET,
 * notes, notify queues, catalogues, and processes that end as a random number wants. Requests are
 * carried out in order; what was sent before a crash is carried out, what was not is lost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../../supervisor/engine.h"

enum model_unit {
	U_SIMPLE,
	U_FORKING,
	U_NOTIFY,
	U_NRELOAD,
	U_ONESHOT,
	U_TASK,
	U_COND,
	U_DEP,
	U_BINDS,
	U_TARGET,
	U_CONFLICT,
	U_IDLE,
	N_MODEL_UNITS,
};

#define MODEL_MESSAGES 16u
#define MODEL_REFUSED  64u

struct model_slot {
	bool exists;
	bool gone; /* to be told */
	bool bare;
	bool releasing;
	bool keep_note;
	bool slot_dirty;
	bool proc_dirty[ENTRY_KIND_COUNT];
	bool term[ENTRY_KIND_COUNT]; /* was signalled */
	uint32_t number;
	uint32_t note_size;
	uint8_t note[LIMIT_NOTE];
	struct wire_proc procs[ENTRY_KIND_COUNT];
	uint32_t extra;      /* further processes of the cgroup */
	int32_t daemon_pid;  /* one of them, that PIDFile= names; 0: none */
	bool extra_term;     /* those were signalled */
	bool reload_asked;   /* the main was sent its reload signal */
	uint64_t ready_run;  /* run whose READY=1 was consumed */
	uint32_t n_messages; /* notify queue */
	struct notify_msg messages[MODEL_MESSAGES];
};

struct model {
	struct engine *e;
	struct model_slot slots[N_MODEL_UNITS];
	struct wire_refused refused[MODEL_REFUSED];
	uint32_t n_refused;
	uint32_t catalogues[LIMIT_CATALOGUES];
	uint32_t n_catalogues;
	uint32_t next_catalogue;
	uint32_t loads; /* asked for, not answered */
	bool loading;   /* the last catalogue is being taken by parts */
	uint32_t next_slot;
	uint64_t run_id;
	int32_t next_pid;
	usec_t now;
	uint64_t random;
	bool calm; /* everything goes well from here on */
	bool all_stopped;
	unsigned lose;  /* one of so many effects is the last before a crash; 0: none */
	unsigned safe;  /* one of so many adoptions is in safe mode; 0: none */
	uint64_t steps; /* events handled */
	uint64_t adoptions;
	uint64_t records;
};

extern const char *const model_names[N_MODEL_UNITS];

void model_init(struct model *m, uint64_t seed);
void model_fini(struct model *m);
uint32_t model_random(struct model *m, uint32_t n);
/* Kills supd and lets the next one adopt. */
void model_crash(struct model *m);
/* Carries out the engine's effects; false: supd has died meanwhile and was replaced. */
bool model_drain(struct model *m);
/* Something happens to that unit's processes. */
void model_progress(struct model *m, uint32_t unit);
/* supd is told of the unit's news. */
void model_deliver(struct model *m, uint32_t unit);
void model_answer_load(struct model *m);
const struct unit *model_unit_of(const struct model *m, uint32_t unit);

/* ---- between the files of the model ---- */
bool model_is_live(const struct wire_proc *p);
void model_mark(struct model_slot *s, uint32_t kind);
void model_release_done(struct model_slot *s);
