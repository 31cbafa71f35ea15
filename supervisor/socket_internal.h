// SPDX-License-Identifier: MIT
/* Shared by the files of the socket machine only; names as in service_internal.h. */
#pragma once

#include "service_internal.h"
#include "socket.h"

/* One step under way: st is what the service machine's helpers want. */
struct socket_step {
	struct step st;
	struct socket *k;
};
typedef void socket_fn(struct socket_step *x);

const struct manifest_socket *socket_def(const struct socket *k);
void socket_set_state(struct socket_step *x, enum socket_state state);
void socket_enter_listening(struct socket_step *x);
/* One of the states that kill: signals what is left, or goes on when nothing is. */
void socket_enter_signal(
	struct socket_step *x, enum socket_state state, enum service_result result);
/* Signals again what the state is to signal. */
void socket_signal_state(struct socket_step *x);
/* Asks for the next connection or datagram. */
void socket_watch(struct socket_step *x);
void socket_push_release(struct socket_step *x, bool keep_note);
void socket_on_kill_progress(struct socket_step *x);
void socket_on_closed(struct socket_step *x);
void socket_on_cleaned(struct socket_step *x);

/* ---- socket_adopt.c ---- */
void socket_on_adopt(struct socket_step *x);
