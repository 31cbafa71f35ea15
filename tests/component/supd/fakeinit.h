// SPDX-License-Identifier: MIT
/*
 * A partner for the real supd: what supd-init is at its three descriptors, without processes. It
 * keeps slots and places as state, as the real one does, so a second supd can be given the same by
 * LIST. A "main process" is this process's own pid.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../runtime/plan/manifest.h"
#include "../../../runtime/plan/wire.h"

#define FAKE_SLOTS   16u
#define FAKE_ENTRIES 16u
#define FAKE_PARKS   8u
#define FAKE_LOG     (256u * 1024u)

struct fake_slot {
	bool used;
	uint32_t unit;
	bool notify_sent;
	int notify[2]; /* 0: supd's end (kept for the next supd), 1: the service's end */
	struct wire_slot state;
	struct wire_proc procs[ENTRY_KIND_COUNT];
};

struct fake {
	char dir[64];     /* also XDG_RUNTIME_DIR: DIR/systemd/private is the control socket */
	const char *supd; /* the program */
	pid_t pid;        /* supd */
	int request;      /* reading end */
	int event;
	int listener;
	int manifest; /* sealed memfd */
	uint32_t n_units;
	const char *unit_names[FAKE_ENTRIES]; /* by unit index; entry i belongs to unit i */
	struct fake_slot slots[FAKE_SLOTS];
	uint32_t generation;
	bool unasked; /* no supd has lived to note the jobs of the first units */
	uint32_t catalogues;
	uint64_t next_run_id;
	uint32_t runs[FAKE_ENTRIES]; /* RUN requests, by entry */
	uint32_t malformed;
	bool ready;       /* PONG said so */
	bool hold_starts; /* RUN gets no answer for now */
	bool hold_parks;  /* STORE_NEW likewise */
	uint32_t parks_held;
	struct wire_request held_park; /* the last of these */
	uint32_t signals;              /* SIGNAL requests that end something */
	bool signal_had_queued; /* with the last of them a datagram lay in the slot's socket */
	bool power_asked;
	uint32_t power;
	int32_t power_number;  /* 1: begin to stop, 0: now */
	uint32_t power_status; /* exit status */
	bool pid1;             /* the next HELLO says that it is a machine */
	struct {
		bool used;
		uint32_t slot;
		int peek;
	} parks[FAKE_PARKS]; /* by park index */
	bool load_fails;     /* LOADED says so */
	uint32_t counts[4];
	uint32_t statuses; /* STATUS requests */
	char *log;
	size_t log_size;
};

/* Makes directory, listening socket and manifest memfd. Asserts on failure. */
void fake_init(struct fake *f, const char *supd, const struct manifest *m);
void fake_fini(struct fake *f);
/* Starts (the next) supd with fresh channels and says HELLO. */
void fake_start_supd(struct fake *f, const char *first_unit);
/* As if supd-init had tried again: LOADED for nobody. */
void fake_load_again(struct fake *f);
/* kill -9, reap, close its channels. */
void fake_kill_supd(struct fake *f);

/* Serves requests until the condition is true; fails the test after the deadline. */
void fake_pump_until(struct fake *f, bool (*condition)(struct fake *f, void *user), void *user);

/* Runs a command against supd while serving; returns its exit status, output in buf. */
int fake_command(struct fake *f, char *const argv[], char *buf, size_t size);
/* The same as another user. */
int fake_command_as(struct fake *f, uid_t uid, char *const argv[], char *buf, size_t size);

/* The slot of a unit; NULL if there is none. */
struct fake_slot *fake_slot_of(struct fake *f, uint32_t unit);
/* Answers the STORE_NEW that were held, as far as they are the same slot's. */
void fake_let_park(struct fake *f);
/* Serves for that long. */
void fake_pump_for(struct fake *f, uint64_t time_us);
/* The main process ends. */
void fake_exit_main(struct fake *f, uint32_t unit, uint32_t code, uint32_t status);
/* Sends a datagram to the slot's notify socket, with at most one descriptor (-1: none). */
void fake_notify(struct fake *f, uint32_t unit, const char *text, int fd);
