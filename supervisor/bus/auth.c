// SPDX-License-Identifier: MIT
#include "auth.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "../unitlog.h"

#define MAX_GROUPS 1024

/* Bytes that an answer takes, roughly; lists are counted by their units. */
#define COST_PLAIN    1024u
#define COST_PER_UNIT 400u
#define COST_ALL      16384u

enum cost {
	SMALL,
	LARGE, /* all properties of an object */
	LIST,  /* something for each unit */
};

static const struct {
	const char *member;
	bool changes;
	enum cost cost;
} methods[] = {
	{ "Hello", false, SMALL },
	{ "Ping", false, SMALL },
	{ "GetMachineId", false, SMALL },
	{ "Introspect", false, LARGE },
	{ "Get", false, SMALL },
	{ "GetAll", false, LARGE },
	{ "Set", true, SMALL },
	{ "GetManagedObjects", false, LARGE },
	{ "GetUnit", false, SMALL },
	{ "GetUnitByPID", false, SMALL },
	{ "GetUnitByInvocationID", false, SMALL },
	{ "GetUnitByControlGroup", false, SMALL },
	{ "LoadUnit", false, SMALL },
	{ "GetUnitProcesses", false, LARGE },
	{ "GetProcesses", false, LARGE },
	{ "ListUnits", false, LIST },
	{ "ListUnitsFiltered", false, LIST },
	{ "ListUnitsByPatterns", false, LIST },
	{ "ListUnitsByNames", false, LIST },
	{ "ListUnitsPacked", false, LIST },
	{ "ListUnitFiles", false, LIST },
	{ "ListUnitFilesByPatterns", false, LIST },
	{ "GetUnitFileState", false, SMALL },
	{ "GetDefaultTarget", false, SMALL },
	{ "ListJobs", false, LIST },
	{ "GetJob", false, SMALL },
	{ "GetJobAfter", false, SMALL },
	{ "GetJobBefore", false, SMALL },
	{ "Subscribe", false, SMALL },
	{ "Unsubscribe", false, SMALL },
	{ "GetDenials", false, LARGE },
	{ "GetDiagnostics", false, LARGE },
	{ "StartUnit", true, SMALL },
	{ "StartUnitReplace", true, SMALL },
	{ "StopUnit", true, SMALL },
	{ "ReloadUnit", true, SMALL },
	{ "RestartUnit", true, SMALL },
	{ "TryRestartUnit", true, SMALL },
	{ "ReloadOrRestartUnit", true, SMALL },
	{ "ReloadOrTryRestartUnit", true, SMALL },
	{ "EnqueueUnitJob", true, SMALL },
	{ "Start", true, SMALL },
	{ "Stop", true, SMALL },
	{ "Restart", true, SMALL },
	{ "Kill", true, SMALL },
	{ "KillUnit", true, SMALL },
	{ "Clean", true, SMALL },
	{ "CleanUnit", true, SMALL },
	{ "Freeze", true, SMALL },
	{ "FreezeUnit", true, SMALL },
	{ "Thaw", true, SMALL },
	{ "ThawUnit", true, SMALL },
	{ "ResetFailed", true, SMALL },
	{ "ResetFailedUnit", true, SMALL },
	{ "CancelJob", true, SMALL },
	{ "Cancel", true, SMALL },
	{ "ClearJobs", true, SMALL },
	{ "Reload", true, LARGE },
	{ "ReloadReport", true, LARGE },
	{ "Reexecute", true, SMALL },
	{ "Exit", true, SMALL },
	{ "SetExitCode", true, SMALL },
	{ "PowerOff", true, SMALL },
	{ "Reboot", true, SMALL },
	{ "Halt", true, SMALL },
	{ "KExec", true, SMALL },
	{ "SoftReboot", true, SMALL },
	{ "PowerForce", true, SMALL },
};

static int method_row(const char *member)
{
	for (size_t i = 0; member && i < ELEMENTSOF(methods); i++) {
		if (strcmp(methods[i].member, member) == 0) {
			return (int)i;
		}
	}
	return -ENOENT;
}

/* True if that method changes something. */
static bool method_changes(const char *member)
{
	int i = method_row(member);

	return i < 0 || methods[i].changes;
}

static bool has_group(int fd, gid_t gid)
{
	gid_t groups[MAX_GROUPS];
	socklen_t size = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		return false;
	}
	for (size_t i = 0; i < size / sizeof(groups[0]); i++) {
		if (groups[i] == gid) {
			return true;
		}
	}
	return false;
}

int auth_peer(int fd, gid_t control_gid, uid_t *ret_uid, pid_t *ret_pid, bool *ret_privileged)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0) {
		return -errno;
	}
	*ret_uid = cred.uid;
	*ret_pid = cred.pid;
	*ret_privileged =
		cred.uid == 0 || (control_gid != 0 && control_gid != (gid_t)-1 &&
					 (cred.gid == control_gid || has_group(fd, control_gid)));
	return 0;
}

static size_t cost_of(const struct bus_client *c, const char *member)
{
	int i = method_row(member);

	switch (i < 0 ? SMALL : methods[i].cost) {
	case SMALL:
		return COST_PLAIN;
	case LARGE:
		return COST_ALL;
	case LIST:
		return COST_PLAIN +
		       (size_t)COST_PER_UNIT * engine_n_units(c->server->shell->engine);
	}
	return COST_PLAIN;
}

static void tell_refusal(const struct bus_client *c, const char *member, const char *path)
{
	char more[64] = "";
	uint64_t hidden;

	if (!refusals_take(&c->server->refusals, c->uid, now_us(), &hidden)) {
		return;
	}
	if (hidden) {
		snprintf(more, sizeof(more), " (and %llu before it)", (unsigned long long)hidden);
	}
	unitlog_plain(c->server->shell, LOG_NOTICE,
		"control: %s on %s by uid %u, pid %d: refused%s", member, path, (unsigned)c->uid,
		(int)c->pid, more);
}

int auth_filter(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_client *c = userdata;
	const char *member = sd_bus_message_get_member(m);
	uint8_t type;

	(void)error;
	c->backlog += gate_message(&c->gate); /* an error repeats what it is about */
	if (c->dead || sd_bus_message_get_type(m, &type) < 0 ||
		type != SD_BUS_MESSAGE_METHOD_CALL) {
		return c->dead ? 1 : 0;
	}
	c->backlog += cost_of(c, member);
	if (!method_changes(member)) {
		return 0;
	}
	if (c->privileged) {
		unitlog_plain(c->server->shell, LOG_INFO, "control: %s on %s by uid %u, pid %d",
			member ? member : "?", sd_bus_message_get_path(m), (unsigned)c->uid,
			(int)c->pid);
		return 0;
	}
	tell_refusal(c, member ? member : "?", sd_bus_message_get_path(m));
	return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED,
		"permission denied: only root and members of the control group may change "
		"something (%s)",
		member);
}
