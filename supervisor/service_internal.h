// SPDX-License-Identifier: MIT
/*
 * Shared by the files of the service machine only. `enter` functions change the state; `on`
 * functions are rows of the table.
 */
#pragma once

#include "service.h"

/* One step under way. */
struct step {
	struct service *s;
	const struct service_event *event;
	usec_t now;
	struct effects *out;
};
typedef void step_fn(struct step *st);

/* ---- service.c ---- */
/* What every machine with places does first: books records and refusals. False: nothing more. */
bool step_begin(struct step *st);
/* A zeroed effect of that type at the end of the list; never NULL. */
struct effect *step_push(struct step *st, enum effect_type type);
struct effect *step_log(struct step *st, enum effect_log what, int32_t number);
void step_set_state(struct step *st, enum service_state state);
/* Deadline of the present state, from now; 0 and USEC_INFINITY: none. */
void step_arm(struct step *st, usec_t timeout_us);
/* The first result that is not success stays until the next start. */
void service_record_result(struct service *s, enum service_result result);
/* A process may live in that place. */
bool service_place_busy(const struct service *s, enum entry_kind kind);

/* ---- service_exec.c ---- */
const struct manifest_command *service_command(
	const struct service *s, enum exec_phase phase, uint32_t index);
/* Runs the command in its place. False: there is none. */
bool step_run_command(struct step *st, enum exec_phase phase, uint32_t index);
/* Runs again what the state wants to run; after STALE or adoption. */
void step_rerun(struct step *st);
void step_run_entry(struct step *st, enum entry_kind kind, uint32_t entry, uint32_t flags);
bool service_exit_set_has(const struct tlv_bytes *set, uint32_t code, uint32_t status);
/* Result of the main or control process in the event, SUCCESS when it ended well. */
enum service_result step_end_of_main(struct step *st);
/* The event in the control place: false when it is no end of the command (MAIN refused, or STALE
 * and loaded again), else true and how it ended. */
bool step_control_ended(struct step *st, enum service_result *ret);
/* Keeps why a launch failed and logs it; what it means for the unit. */
enum service_result step_launch_failure(struct step *st);
/* True when the failure is a stale plan and a reload was asked for: the state goes on waiting. */
bool step_stale(struct step *st);

/* ---- service_start.c ---- */
void enter_start_post(struct step *st);
void enter_running(struct step *st, enum service_result result);
void on_start(struct step *st);
void on_start_control(struct step *st);
void on_start_main_started(struct step *st);
void on_start_main_execed(struct step *st);
void on_start_main_end(struct step *st);
void on_start_work(struct step *st);
void on_start_timeout(struct step *st);
void on_start_empty(struct step *st);
void on_start_bus_name(struct step *st);
void on_start_idle(struct step *st);
/* Type=idle: ExecStart= runs when the job queue has drained, or after five seconds. */
void step_wait_idle(struct step *st);
void on_running_main_started(struct step *st);
void on_running_main_end(struct step *st);
void on_running_empty(struct step *st);
void on_running_timeout(struct step *st);
void on_running_bus_name(struct step *st);
void on_post_main_end(struct step *st);

/* ---- service_reload.c ---- */
void on_reload(struct step *st);
void on_reload_control(struct step *st);
void on_reload_main_end(struct step *st);
void on_reload_timeout(struct step *st);
void enter_reload_notify(struct step *st);
void step_reload_done(struct step *st, bool failed);

/* ---- service_stop.c ---- */
void enter_stop(struct step *st, enum service_result result);
/* STOP_WATCHDOG … FINAL_SIGKILL: signals what is left, or goes on when nothing is. */
void enter_signal(struct step *st, enum service_state state, enum service_result result);
/* By TimeoutStartFailureMode= or TimeoutStopFailureMode=; final: after ExecStopPost=. */
void enter_failure_mode(struct step *st, uint32_t mode, bool final);
/* Signals what is left, by KillMode=: with KillSignal=, or kill. */
void step_signal(struct step *st, uint32_t signo, bool kill);
/* The same with a signal that asks to end; who is stopped goes on to hear it. */
void step_signal_to_end(struct step *st, uint32_t signo);
/* Is there still something to wait for, after signals or (not term) after SIGKILL? */
bool service_kill_pending(const struct service *s, bool term);
/* Signals again what the state is to signal; after adoption. */
void step_signal_state(struct step *st);
void on_stop_now(struct step *st);
void on_stop_running(struct step *st);
void on_stop_noted(struct step *st);
void on_stop_waiting_restart(struct step *st);
void on_stop_control(struct step *st);
void on_stop_main_end(struct step *st);
void on_stop_timeout(struct step *st);
void on_kill_progress(struct step *st);
void on_kill_timeout(struct step *st);
void on_stop_post_control(struct step *st);
void on_stop_post_timeout(struct step *st);
void on_watchdog(struct step *st);
void on_oom(struct step *st);
void on_oom_ending(struct step *st);

/* ---- service_restart.c ---- */
/* The life is over: clean up, then dead, failed or auto-restart. */
void enter_dead(struct step *st, enum service_result result);
void step_push_release(struct step *st, bool restart);
void on_cleaned(struct step *st);
void on_appeared(struct step *st);
void on_vanished(struct step *st);
/* It stands for a mount or a swap: what the kernel says of it is in mounted. */
bool service_is_mount(const struct service *s);
void on_left_over_gone(struct step *st);
void on_before_restart_ready(struct step *st);
void on_auto_restart_timeout(struct step *st);
void on_reset_failed(struct step *st);
void on_reset_counters(struct step *st);
/* RestartSec= with RestartSteps= and RestartMaxDelaySec= of the restart-th restart, from 1. */
usec_t service_restart_delay(const struct manifest_service *m, uint32_t restart);

/* ---- service_notify.c ---- */
void on_notify(struct step *st);
void step_watchdog_start(struct step *st);

/* ---- service_adopt.c ---- */
void service_take_places(struct service *s, const struct service_adoption *a);
void on_adopt(struct step *st);
