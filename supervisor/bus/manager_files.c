// SPDX-License-Identifier: MIT
/*
 * Manager: unit files and the life of supd itself. What would carry text or write files is refused
 * with the command that does it, with the caller's own rights.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../machine.h"
#include "../shell.h"
#include "objects.h"

static const char *file_state(const struct manifest_unit *def)
{
	if (!def || def->load_state == LOAD_NOT_FOUND) {
		return NULL;
	}
	return install_state_to_string((enum manifest_install_state)def->install_state);
}

static int append_file(sd_bus_message *reply, const struct manifest_unit *def)
{
	const char *state = file_state(def);

	if (!state || !def->fragment_path || !*def->fragment_path) {
		return 0;
	}
	return sd_bus_message_append(reply, "(ss)", def->fragment_path, state);
}

static bool wanted(char **states, char **patterns, const struct manifest_unit *def)
{
	const char *state = file_state(def);
	bool pattern = !patterns || !*patterns, in = !states || !*states;

	for (; !pattern && *patterns; patterns++) {
		pattern = fnmatch(*patterns, def->name, FNM_NOESCAPE) == 0;
	}
	for (; !in && *states; states++) {
		in = state && strcmp(*states, state) == 0;
	}
	return pattern && in;
}

/* A template's file belongs to the template's row alone. */
static bool is_of_template(const struct manifest_unit *def)
{
	const char *slash = def->fragment_path ? strrchr(def->fragment_path, '/') : NULL;

	return slash && unit_name_classify(def->name) == UNIT_NAME_INSTANCE &&
	       unit_name_classify(slash + 1) == UNIT_NAME_TEMPLATE;
}

static void strv_fini(char ***list)
{
	for (char **s = *list; s && *s; s++) {
		free(*s);
	}
	free(*list);
}

static int method_list_files(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	AUTO(strv_fini) char **states = NULL;
	AUTO(strv_fini) char **patterns = NULL;
	struct bus_server *b = userdata;
	const struct manifest *manifest = engine_manifest(b->shell->engine);
	int r = 0;

	(void)error;
	if (strcmp(sd_bus_message_get_member(m), "ListUnitFilesByPatterns") == 0) {
		r = sd_bus_message_read_strv(m, &states);
		if (r >= 0) {
			r = sd_bus_message_read_strv(m, &patterns);
		}
	}
	if (r >= 0) {
		r = sd_bus_message_new_method_return(m, &reply);
	}
	if (r >= 0) {
		r = sd_bus_message_open_container(reply, 'a', "(ss)");
	}
	for (uint32_t i = 0; r >= 0 && manifest && i < manifest->units.n; i++) {
		const struct manifest_unit *def = manifest_unit_at(manifest, i);

		if (!is_of_template(def) && wanted(states, patterns, def)) {
			r = append_file(reply, def);
		}
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* An instance that no link names and nothing has loaded is what its template is, but not enabled.
 */
static const char *instance_state(struct bus_server *b, const char *name)
{
	const struct manifest *manifest = engine_manifest(b->shell->engine);
	char template_name[LIMIT_UNIT_NAME];
	const struct manifest_unit *def = NULL;

	if (!manifest || unit_name_template(name, template_name) != 0) {
		return NULL;
	}
	for (uint32_t i = 0; i < manifest->units.n && !def; i++) {
		const struct manifest_unit *row = manifest_unit_at(manifest, i);

		def = strcmp(row->name, template_name) == 0 ? row : NULL;
	}
	if (!def || def->load_state == LOAD_NOT_FOUND) {
		return NULL;
	}
	return install_state_to_string(def->install_state == INSTALL_ENABLED ||
						       def->install_state == INSTALL_ENABLED_RUNTIME
					       ? INSTALL_DISABLED
					       : (enum manifest_install_state)def->install_state);
}

static int method_file_state(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const char *name, *state = NULL;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0) {
		return r;
	}
	if (unit_name_is_valid(name) && bus_unit_ref(b, name)->unit) {
		state = file_state(b->ref.unit->def);
		if (state && strcmp(name, b->ref.unit->def->name) != 0) {
			state = install_state_to_string(INSTALL_ALIAS);
		}
	}
	state = state ? state : instance_state(b, name);
	if (!state) {
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_FILE_NOT_FOUND, "Unit file %s does not exist.", name);
	}
	return sd_bus_reply_method_return(m, "s", state);
}

static int method_default_target(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct manifest *manifest = engine_manifest(b->shell->engine);

	(void)error;
	return sd_bus_reply_method_return(
		m, "s", manifest && manifest->default_target ? manifest->default_target : "");
}

static const struct {
	const char *member;
	const char *instead;
	const char *names; /* the argument that goes behind it: "as", "s"; NULL: none */
} refused[] = {
	{ "EnableUnitFiles", "supctl enable", "as" },
	{ "EnableUnitFilesWithFlags", "supctl enable", "as" },
	{ "DisableUnitFiles", "supctl disable", "as" },
	{ "DisableUnitFilesWithFlags", "supctl disable", "as" },
	{ "DisableUnitFilesWithFlagsAndInstallInfo", "supctl disable", "as" },
	{ "ReenableUnitFiles", "supctl reenable", "as" },
	{ "LinkUnitFiles", "supctl link", "as" },
	{ "PresetUnitFiles", "supctl preset", "as" },
	{ "PresetUnitFilesWithMode", "supctl preset", "as" },
	{ "PresetAllUnitFiles", "supctl preset-all", NULL },
	{ "MaskUnitFiles", "supctl mask", "as" },
	{ "UnmaskUnitFiles", "supctl unmask", "as" },
	{ "RevertUnitFiles", "supctl revert", "as" },
	{ "AddDependencyUnitFiles", "supctl add-wants or supctl add-requires", NULL },
	{ "SetDefaultTarget", "supctl set-default", "s" },
	{ "SetUnitProperties", "supctl set-property", "s" },
	{ "SetEnvironment", "Environment= in the unit (supctl edit)", NULL },
	{ "UnsetEnvironment", "UnsetEnvironment= in the unit (supctl edit)", NULL },
	{ "UnsetAndSetEnvironment", "Environment= in the unit (supctl edit)", NULL },
	{ "StartTransientUnit", "supctl run --unit", "s" },
};

/* The call's own names behind the verb, as many as fit. */
static int add_names(sd_bus_message *m, const char *types, char *buf, size_t size)
{
	bool array = types && strcmp(types, "as") == 0;
	size_t used = strlen(buf);
	const char *name;
	int r = array ? sd_bus_message_enter_container(m, 'a', "s") : types ? 1 : 0;

	while (r > 0 && (r = sd_bus_message_read(m, "s", &name)) > 0) {
		size_t n = strlen(name);

		if (n + 2 > size - used) {
			break;
		}
		buf[used++] = ' ';
		memcpy(buf + used, name, n + 1);
		used += n;
		r = array;
	}
	return r < 0 ? r : 0;
}

/* supd may not carry text to anything privileged, so it cannot do these for anybody. */
static int method_refused(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);
	char command[512];

	(void)userdata;
	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		if (strcmp(refused[i].member, member) == 0) {
			int r;

			snprintf(command, sizeof(command), "%s", refused[i].instead);
			r = add_names(m, refused[i].names, command, sizeof(command));
			return r < 0 ? r
				     : sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
					       "%s is not done over the bus, for supd may write no "
					       "files; use %s",
					       member, command);
		}
	}
	return -EINVAL;
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	return bus_reload(userdata, m, BUS_RELOAD_PLAIN);
}

static int method_reexecute(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	int r = shell_reexec(b->shell);

	(void)m;
	(void)error;
	/* no answer: the connection just drops, as clients expect */
	return r < 0 ? bus_fatal(b, r) : 1;
}

static const struct {
	const char *member;
	enum wire_power power;
} powers[] = {
	{ "Exit", WIRE_POWER_EXIT },
	{ "PowerOff", WIRE_POWER_POWEROFF },
	{ "Reboot", WIRE_POWER_REBOOT },
	{ "Halt", WIRE_POWER_HALT },
	{ "KExec", WIRE_POWER_KEXEC },
	{ "SoftReboot", WIRE_POWER_SOFT_REBOOT },
};

/* One end at a time: jobs run for it that could not be called back. */
static int refuse_other(
	const struct shell *s, enum wire_power power, const char *member, sd_bus_error *error)
{
	bool exits = power == WIRE_POWER_EXIT || s->stop.power == WIRE_POWER_EXIT;

	if (!s->hello.pid1 || !s->stop_begun || exits || s->stop.power == power) {
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(powers); i++) {
		if (powers[i].power == s->stop.power) {
			return sd_bus_error_setf(error, "org.freedesktop.systemd1.ShuttingDown",
				"%s: the machine is going down already, by %s", member,
				powers[i].member);
		}
	}
	return 0;
}

static int method_power(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const char *member = sd_bus_message_get_member(m);
	int r = -EINVAL;

	for (size_t i = 0; i < ELEMENTSOF(powers); i++) {
		if (strcmp(powers[i].member, member) != 0) {
			continue;
		}
		if (!b->shell->hello.pid1 && powers[i].power != WIRE_POWER_EXIT) {
			return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
				"%s: supd-init is not PID 1 here", member);
		}
		r = refuse_other(b->shell, powers[i].power, member, error);
		if (r < 0) {
			return r;
		}
		uint32_t status = powers[i].power == WIRE_POWER_EXIT ? b->shell->exit_code : 0;

		r = b->shell->hello.pid1 ? machine_power(b->shell, powers[i].power, status)
					 : shell_stop(b->shell, powers[i].power, status);
	}
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

static int method_set_exit_code(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	int r = sd_bus_message_read(m, "y", &b->shell->exit_code);

	(void)error;
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int method_nothing(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return sd_bus_reply_method_return(m, NULL);
}

#define READ   SD_BUS_VTABLE_UNPRIVILEGED
#define CHANGE SD_BUS_VTABLE_UNPRIVILEGED /* auth.c decides */
const sd_bus_vtable bus_vtable_manager_files[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("ListUnitFiles", "", "a(ss)", method_list_files, READ),
	SD_BUS_METHOD("ListUnitFilesByPatterns", "asas", "a(ss)", method_list_files, READ),
	SD_BUS_METHOD("GetUnitFileState", "s", "s", method_file_state, READ),
	SD_BUS_METHOD("GetDefaultTarget", "", "s", method_default_target, READ),
	SD_BUS_METHOD("Subscribe", "", "", method_nothing, READ),
	SD_BUS_METHOD("Unsubscribe", "", "", method_nothing, READ),
	SD_BUS_METHOD("Reload", "", "", method_reload, CHANGE),
	SD_BUS_METHOD("Reexecute", "", "", method_reexecute, CHANGE),
	SD_BUS_METHOD("Exit", "", "", method_power, CHANGE),
	SD_BUS_METHOD("SetExitCode", "y", "", method_set_exit_code, CHANGE),
	SD_BUS_METHOD("PowerOff", "", "", method_power, CHANGE),
	SD_BUS_METHOD("Reboot", "", "", method_power, CHANGE),
	SD_BUS_METHOD("Halt", "", "", method_power, CHANGE),
	SD_BUS_METHOD("KExec", "", "", method_power, CHANGE),
	SD_BUS_METHOD("SoftReboot", "s", "", method_power, CHANGE),
	SD_BUS_METHOD("EnableUnitFiles", "asbb", "ba(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("DisableUnitFiles", "asb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("ReenableUnitFiles", "asbb", "ba(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("LinkUnitFiles", "asbb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("PresetUnitFiles", "asbb", "ba(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("MaskUnitFiles", "asbb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("UnmaskUnitFiles", "asb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("EnableUnitFilesWithFlags", "ast", "ba(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("DisableUnitFilesWithFlags", "ast", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("DisableUnitFilesWithFlagsAndInstallInfo", "ast", "ba(sss)", method_refused,
		CHANGE),
	SD_BUS_METHOD("PresetUnitFilesWithMode", "assbb", "ba(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("PresetAllUnitFiles", "sbb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("RevertUnitFiles", "as", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("AddDependencyUnitFiles", "asssbb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("SetDefaultTarget", "sb", "a(sss)", method_refused, CHANGE),
	SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", method_refused, CHANGE),
	SD_BUS_METHOD("SetEnvironment", "as", "", method_refused, CHANGE),
	SD_BUS_METHOD("UnsetEnvironment", "as", "", method_refused, CHANGE),
	SD_BUS_METHOD("UnsetAndSetEnvironment", "asas", "", method_refused, CHANGE),
	SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", method_refused, CHANGE),
	SD_BUS_VTABLE_END,
};
