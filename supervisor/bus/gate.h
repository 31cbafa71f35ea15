// SPDX-License-Identifier: MIT
/*
 * What a client sends, on its way to sd-bus. sd-bus itself takes messages of 128 MiB from anybody
 * and closes descriptors that come with them; here the bytes go through a socket pair, counted: who
 * sends more than its limit without ending a message, or sends a descriptor, is to be dropped.
 * Answers do not pass here.
 *
 * Owns a copy of the client's socket and one end of the pair. Nothing is kept in between: what the
 * pair has no room for stays in the client's socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

struct gate {
	sd_event_source *in;   /* the client's socket is readable */
	sd_event_source *room; /* the pair is writable again */
	int fd;                /* copy of the client's socket; -1: none */
	int to;                /* sd-bus has the other end */
	size_t limit;
	size_t since; /* bytes since the last whole message */
	bool bad;     /* a descriptor came, or sd-bus reads no more */
};

/* *ret_fd: sd-bus's input, the caller's. 0 or -errno, then nothing is to be undone. */
int gate_init(struct gate *g, sd_event *event, int client_fd, size_t limit, int *ret_fd);
/* Accepts a zeroed one. Does not wait for what is still in the socket. */
void gate_fini(struct gate *g);
/* sd-bus has come to the end of a message. Returns the bytes since the last end. */
size_t gate_message(struct gate *g);
/* Must the client be dropped? */
bool gate_is_broken(const struct gate *g);
