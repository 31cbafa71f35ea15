// SPDX-License-Identifier: MIT
/* What a service runs, and what the end of a process means. */
#include <signal.h>
#include <string.h>

#include "../runtime/plan/launchwire.h"
#include "service_internal.h"

const struct manifest_command *service_command(
	const struct service *s, enum exec_phase phase, uint32_t index)
{
	const struct manifest_command *c = s->def.unit->commands.items;

	for (uint32_t i = 0; i < s->def.unit->commands.n; i++) {
		if (c[i].phase == phase && index-- == 0) {
			return &c[i];
		}
	}
	return NULL;
}

void step_run_entry(struct step *st, enum entry_kind kind, uint32_t entry, uint32_t flags)
{
	struct service *s = st->s;
	struct effect *e = step_push(st, EFFECT_RUN);

	e->kind = kind;
	e->entry = entry;
	e->params.flags = flags;
	if (s->new_invocation) {
		e->params.flags |= WIRE_RUN_NEW_INVOCATION;
		s->new_invocation = false;
	}
	if (s->stale_retried) {
		e->params.flags |= WIRE_RUN_STALE_OK;
	}
	if (flags & WIRE_RUN_RESULT) {
		e->params.service_result = s->result;
		e->params.exit_code = s->main_code;
		e->params.exit_status = s->main_status;
	}
	if (flags & WIRE_RUN_WATCHDOG) {
		e->params.watchdog_us = service_watchdog_us(s);
	}
	s->places[kind] = (struct service_place) {
		.phase = PLACE_PENDING,
		.entry = entry,
		.forgotten = s->places[kind].forgotten,
	};
	s->has_slot = true;
	if (kind != ENTRY_WORK) {
		s->populated = true;
	}
}

bool step_run_command(struct step *st, enum exec_phase phase, uint32_t index)
{
	struct service *s = st->s;
	const struct manifest_command *c = service_command(s, phase, index);
	bool main = phase == PHASE_START && s->def.service->type != SERVICE_FORKING;
	uint32_t flags = 0;

	if (!c) {
		return false;
	}
	if (phase == PHASE_START && service_watchdog_us(s) > 0) {
		flags |= WIRE_RUN_WATCHDOG;
	}
	if (phase == PHASE_STOP || phase == PHASE_STOP_POST) {
		flags |= WIRE_RUN_RESULT;
	}
	s->phase = phase;
	if (phase == PHASE_START) {
		s->main_command = index;
	} else {
		s->command = index;
	}
	if (main) {
		s->main_known = true;
		s->main_alien = false;
		s->main_code = 0;
		s->main_status = 0;
		s->main_exit_us = 0;
	}
	step_run_entry(st, main ? ENTRY_MAIN : ENTRY_CONTROL, c->entry, flags);
	return true;
}

void step_rerun(struct step *st)
{
	struct service *s = st->s;

	if (st->event->type == EV_RELOADED && !s->stale_waiting) {
		return;
	}
	s->stale_waiting = false;
	step_run_command(st, (enum exec_phase)s->phase,
		s->phase == PHASE_START ? s->main_command : s->command);
}

bool step_stale(struct step *st)
{
	struct service *s = st->s;

	if (!st->event->proc || !(st->event->proc->flags & WIRE_PROC_STALE) || s->stale_retried) {
		return false;
	}
	s->stale_retried = true;
	s->stale_waiting = true;
	step_push(st, EFFECT_LOAD);
	return true;
}

bool service_exit_set_has(const struct tlv_bytes *set, uint32_t code, uint32_t status)
{
	struct manifest_exit_set x;

	if (set->n != sizeof(x)) {
		return false;
	}
	memcpy(&x, set->data, sizeof(x));
	if (code == CLD_EXITED) {
		return status < 256 && (x.codes[status / 64] >> (status % 64) & 1);
	}
	return status < 64 && (x.signals >> status & 1);
}

/* Is that end of a process good for the service? daemon: termination signals are clean. */
static bool exit_is_clean(const struct service *s, uint32_t code, uint32_t status, bool daemon)
{
	if (code == CLD_EXITED && status == 0) {
		return true;
	}
	if (daemon && code == CLD_KILLED &&
		(status == SIGHUP || status == SIGINT || status == SIGTERM || status == SIGPIPE)) {
		return true;
	}
	return service_exit_set_has(&s->def.service->success_status, code, status);
}

static enum service_result result_of_exit(uint32_t code)
{
	if (code == CLD_KILLED) {
		return RESULT_SIGNAL;
	}
	return code == CLD_DUMPED ? RESULT_CORE_DUMP : RESULT_EXIT_CODE;
}

/* systemd's exit status for a failed launch step (systemd.exec(5), EXIT_EXEC …). */
static uint32_t status_of_step(uint32_t step)
{
	static const uint8_t statuses[STEP_COUNT] = {
		[STEP_CGROUP] = 219,
		[STEP_DIRECTORIES] = 233,
		[STEP_STDIO] = 209,
		[STEP_IDMAP] = 217,
		[STEP_NAMESPACES] = 225,
		[STEP_RLIMITS] = 205,
		[STEP_KEYRING] = 237,
		[STEP_MOUNTS] = 226,
		[STEP_ROOT] = 210,
		[STEP_LABEL] = 229,
		[STEP_WORKING_DIR] = 200,
		[STEP_CREDENTIALS] = 217,
		[STEP_LANDLOCK] = 226,
		[STEP_CREDENTIALS_DIR] = 243,
		[STEP_DESCRIPTORS] = 202,
		[STEP_SECCOMP] = 228,
		[STEP_EXEC] = 203,
	};

	return step < STEP_COUNT && statuses[step] ? statuses[step] : 1;
}

enum service_result step_launch_failure(struct step *st)
{
	const struct wire_proc *p = st->event->proc;
	struct service_failure *f = &st->s->failure;

	f->step = p->step;
	f->error = p->error;
	memcpy(f->text, p->text, sizeof(f->text));
	memcpy(f->origin, p->origin, sizeof(f->origin));
	f->text[sizeof(f->text) - 1] = '\0';
	f->origin[sizeof(f->origin) - 1] = '\0';
	step_log(st, LOG_LAUNCH_FAILED, p->error);
	return p->step < STEP_DIRECTORIES || p->step >= STEP_SOCKETS ? RESULT_RESOURCES
								     : RESULT_EXIT_CODE;
}

enum service_result step_end_of_main(struct step *st)
{
	struct service *s = st->s;
	const struct wire_proc *p = st->event->proc;
	const struct manifest_command *c = service_command(s, PHASE_START, s->main_command);
	bool ignore = c && !s->main_alien && (c->flags & COMMAND_IGNORE_FAILURE);
	enum service_result result = RESULT_SUCCESS;

	s->main_pid = 0;
	s->main_exit_us = p->exit_us ? p->exit_us : st->now;
	if (st->event->type == EV_MAIN_FAILED && p->step == STEP_SOCKETS) {
		/* Nobody has failed: the client has gone before it was served, or may not be. */
		s->main_code = CLD_EXITED;
		s->main_status = 0;
		step_log(st, LOG_CONNECTION_GONE, p->error);
		return RESULT_SUCCESS;
	}
	if (st->event->type == EV_MAIN_FAILED) {
		result = step_launch_failure(st);
		s->main_code = CLD_EXITED;
		s->main_status = status_of_step(p->step);
		return ignore ? RESULT_SUCCESS : result;
	}
	if (p->flags & WIRE_PROC_STATUS_UNKNOWN) {
		s->main_code = 0;
		s->main_status = 0;
		return RESULT_SUCCESS;
	}
	s->main_code = p->exit_code;
	s->main_status = p->exit_status;
	if (!ignore && !exit_is_clean(s, p->exit_code, p->exit_status,
			       s->def.service->type != SERVICE_ONESHOT)) {
		result = result_of_exit(p->exit_code);
	}
	step_log(st, result == RESULT_SUCCESS ? LOG_MAIN_ENDED : LOG_MAIN_EXITED,
		(int32_t)(p->exit_code << 8 | (p->exit_status & 0xff)));
	return result;
}

static const struct manifest_command *running_control(const struct service *s)
{
	return service_command(s, (enum exec_phase)s->phase,
		s->phase == PHASE_START ? s->main_command : s->command);
}

static enum service_result end_of_control(struct step *st)
{
	struct service *s = st->s;
	const struct wire_proc *p = st->event->proc;
	const struct manifest_command *c = running_control(s);
	bool ignore = c && (c->flags & COMMAND_IGNORE_FAILURE);
	enum service_result result;

	if (st->event->type == EV_REFUSED) {
		return RESULT_RESOURCES;
	}
	if (p->phase == WIRE_PHASE_FAILED) {
		result = step_launch_failure(st);
		s->control_code = CLD_EXITED;
		s->control_status = status_of_step(p->step);
		return ignore ? RESULT_SUCCESS : result;
	}
	s->control_code = p->exit_code;
	s->control_status = p->exit_status;
	if (ignore || (p->flags & WIRE_PROC_STATUS_UNKNOWN) ||
		exit_is_clean(s, p->exit_code, p->exit_status, false)) {
		return RESULT_SUCCESS;
	}
	step_log(st, LOG_CONTROL_EXITED, (int32_t)(p->exit_code << 8 | (p->exit_status & 0xff)));
	return result_of_exit(p->exit_code);
}

bool step_control_ended(struct step *st, enum service_result *ret)
{
	if (st->event->type == EV_REFUSED && st->event->refused->request == WIRE_MAIN) {
		return false;
	}
	if (step_stale(st)) {
		return false;
	}
	*ret = end_of_control(st);
	return true;
}
