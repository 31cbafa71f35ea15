// SPDX-License-Identifier: MIT
/*
 * The control API as others than root see it: every property of every object and the answer of
 * every method that reads are looked through for what was planted in units; every method that the
 * objects show and that does not read is refused, and logged with the caller's uid and pid.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define STRANGER  65534
#define FLOODER   61200
#define GROUP     "games" /* every Debian has it */
#define TIMEOUT   (30u * 1000000u)
#define MAX_PATHS 512
#define MAX_SEEN  (4u * 1024u * 1024u)

/* What a client has seen. */
struct walk {
	sd_bus *bus;
	char *paths[MAX_PATHS];
	unsigned n_paths;
	FILE *seen;
	unsigned n_refused, n_read;
	char *problem; /* NULL: none */
};

/* Methods that only read: all others have to be refused. */
static const char *const reads[] = { "Ping", "GetMachineId", "Introspect", "Get", "GetAll",
	"GetManagedObjects", "GetUnit", "GetUnitByPID", "GetUnitByInvocationID",
	"GetUnitByControlGroup", "LoadUnit", "GetUnitProcesses", "GetProcesses", "ListUnits",
	"ListUnitsFiltered", "ListUnitsByPatterns", "ListUnitsByNames", "ListUnitsPacked",
	"ListUnitFiles", "ListUnitFilesByPatterns", "GetUnitFileState", "GetDefaultTarget",
	"ListJobs", "GetJob", "GetJobAfter", "GetJobBefore", "Subscribe", "Unsubscribe",
	"GetDenials", "GetDiagnostics" };

static const char *const secrets[] = { "PlantedEnvironment", "PlantedFileValue",
	"PlantedCredential", "PlantedArgument", "PlantedPublicEnvironment", "PlantedError",
	"PlantedWarning" };

static void close_file(FILE **f)
{
	if (*f) {
		fclose(*f);
	}
}

static bool is_read(const char *member)
{
	for (size_t i = 0; i < ELEMENTSOF(reads); i++) {
		if (strcmp(reads[i], member) == 0) {
			return true;
		}
	}
	return false;
}

static void problem(struct walk *w, const char *what, const char *path, const char *member)
{
	if (!w->problem &&
		asprintf(&w->problem, "%s: %s on %s", what, member ? member : "-", path) < 0) {
		_exit(100);
	}
}

static sd_bus *dial(void)
{
	sd_bus *bus = NULL;
	char address[160];

	snprintf(address, sizeof(address), "unix:path=%s/run/control", s->dir);
	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
		sd_bus_set_method_call_timeout(bus, TIMEOUT) < 0 || sd_bus_start(bus) < 0) {
		return sd_bus_unref(bus);
	}
	return bus;
}

/* The next value of ATTRIBUTE="..." of an element from *at on; false: there is none. */
static bool next_name(const char **at, const char *element, char *ret, size_t size)
{
	const char *p = strstr(*at, element);
	size_t n;

	if (!p) {
		return false;
	}
	p += strlen(element);
	n = strcspn(p, "\"");
	snprintf(ret, size, "%.*s", (int)n, p);
	*at = p + n;
	return true;
}

static void look(struct walk *w, sd_bus_message *m)
{
	sd_bus_message_rewind(m, 1);
	sd_bus_message_dump(m, w->seen, SD_BUS_MESSAGE_DUMP_WITH_HEADER);
}

static void read_properties(struct walk *w, const char *path, const char *interface)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

	if (sd_bus_call_method(w->bus, NULL, path, "org.freedesktop.DBus.Properties", "GetAll",
		    NULL, &reply, "s", interface) < 0) {
		problem(w, "not readable", path, interface);
		return;
	}
	w->n_read++;
	look(w, reply);
}

/* Without arguments: who may not is refused before they are looked at. */
static void try_change(struct walk *w, const char *path, const char *interface, const char *member)
{
	AUTO(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(w->bus, NULL, path, interface, member, &error, NULL, NULL);

	if (r >= 0 || !sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED)) {
		problem(w, "not refused", path, member);
	}
	w->n_refused++;
}

/* The argument that most of them take; the others answer with an error, which is looked at too. */
static void try_read(struct walk *w, const char *path, const char *interface, const char *member)
{
	static const char *const arguments[] = { NULL, "secret.service", "broken.service",
		"open.service" };

	for (size_t i = 0; i < ELEMENTSOF(arguments); i++) {
		AUTO(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
		AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
		int r = sd_bus_call_method(w->bus, NULL, path, interface, member, &error, &reply,
			arguments[i] ? "s" : NULL, arguments[i]);

		if (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED)) {
			problem(w, "refused", path, member);
		}
		if (error.message) {
			fprintf(w->seen, "%s\n", error.message);
		}
		if (r >= 0) {
			w->n_read++;
			look(w, reply);
		}
	}
}

static void walk_interface(struct walk *w, const char *path, const char *interface, const char *xml)
{
	const char *at = xml;
	char member[128];

	read_properties(w, path, interface);
	while (next_name(&at, "<method name=\"", member, sizeof(member))) {
		if (is_read(member)) {
			try_read(w, path, interface, member);
		} else {
			try_change(w, path, interface, member);
		}
	}
}

static void add_path(struct walk *w, const char *parent, const char *name)
{
	char *path;

	if (w->n_paths == MAX_PATHS ||
		asprintf(&path, "%s%s%s", parent, strcmp(parent, "/") == 0 ? "" : "/", name) < 0) {
		problem(w, "too many objects", parent, name);
		return;
	}
	w->paths[w->n_paths++] = path;
}

static void walk_object(struct walk *w, const char *path)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	AUTO_FREE char *copy = NULL;
	const char *xml, *at;
	char name[256];

	if (sd_bus_call_method(w->bus, NULL, path, "org.freedesktop.DBus.Introspectable",
		    "Introspect", NULL, &reply, NULL) < 0 ||
		sd_bus_message_read(reply, "s", &xml) < 0) {
		problem(w, "not readable", path, "Introspect");
		return;
	}
	at = xml;
	while (next_name(&at, "<node name=\"", name, sizeof(name))) {
		add_path(w, path, name);
	}
	copy = strdup(xml);
	for (char *p = copy, *end; p && (p = strstr(p, "<interface name=\"")); p = end + 1) {
		end = strstr(p, "</interface>");
		if (!end) {
			break;
		}
		*end = '\0';
		at = p;
		next_name(&at, "<interface name=\"", name, sizeof(name));
		if (strncmp(name, "org.freedesktop.DBus", 20) != 0) {
			walk_interface(w, path, name, at);
		}
	}
}

/* Everything there is, and a property that is set. Runs as the stranger. Exit code. */
static int walk_all(FILE *seen)
{
	struct walk w = { .bus = dial(), .seen = seen };

	if (!w.bus) {
		return 101;
	}
	/* First: of many refusals the first ones are told. */
	try_change(&w, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties", "Set");
	try_change(&w, "/org/freedesktop/systemd1", "no.such.Interface", "NoSuchMethod");
	add_path(&w, "", "");
	for (unsigned i = 0; i < w.n_paths; i++) {
		walk_object(&w, *w.paths[i] ? w.paths[i] : "/");
	}
	fprintf(seen, "refused %u read %u\n%s\n", w.n_refused, w.n_read,
		w.problem ? w.problem : "no problem");
	sd_bus_flush_close_unref(w.bus);
	return w.problem || w.n_refused < 30 || w.n_read < 30 ? 102 : 0;
}

/* Runs a client of another identity; its exit code. */
static int as(uid_t uid, gid_t gid, int (*client)(FILE *), FILE *seen, pid_t *ret_pid)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int r = setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
					setresuid(uid, uid, uid) < 0
				? 100
				: client(seen);

		fflush(seen);
		_exit(r);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	*ret_pid = pid;
	return WEXITSTATUS(status);
}

static void write_secret(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void test_stranger(void **state)
{
	AUTO_FREE char *seen = malloc(MAX_SEEN);
	AUTO(close_file) FILE *f = tmpfile();
	char logged[64];
	size_t n;
	pid_t pid;
	int code;

	(void)state;
	CHECK(seen && f);
	code = as(STRANGER, STRANGER, walk_all, f, &pid);
	rewind(f);
	n = fread(seen, 1, MAX_SEEN - 1, f);
	seen[n] = '\0';
	if (code != 0) {
		sys_fail(s, "client: %d: %s", code, seen + (n > 300 ? n - 300 : 0));
	}
	CHECK(n < MAX_SEEN - 1);
	CHECK(strstr(seen, "secret.service") && strstr(seen, "PlantedPublicArgument"));
	for (size_t i = 0; i < ELEMENTSOF(secrets); i++) {
		if (strstr(seen, secrets[i])) {
			sys_fail(s, "%s can be read by everybody: %.300s", secrets[i],
				strstr(seen, secrets[i]) - 200);
		}
	}
	snprintf(logged, sizeof(logged), "by uid %d, pid %d: refused", STRANGER, pid);
	wait_log("", logged);
	wait_log("", "control: NoSuchMethod on ");
	CHECK(property_equals("open.service", "SubState", "running"));
}

#define FLOOD 1000u

/* Asks again and again for what is refused. */
static int ask_in_vain(FILE *seen)
{
	struct walk w = { .bus = dial(), .seen = seen };

	if (!w.bus) {
		return 101;
	}
	for (unsigned i = 0; i < FLOOD; i++) {
		try_change(&w, "/org/freedesktop/systemd1", "no.such.Interface", "InVain");
	}
	sd_bus_flush_close_unref(w.bus);
	return w.problem || w.n_refused != FLOOD ? 102 : 0;
}

/* The log is not a stranger's to fill. */
static void test_flood(void **state)
{
	AUTO(close_file) FILE *f = tmpfile();
	unsigned lines = 0;
	pid_t pid;

	(void)state;
	CHECK(f && as(FLOODER, STRANGER, ask_in_vain, f, &pid) == 0);
	wait_log("", "control: InVain on ");
	CHECK(sys_ctl(s, "logs -n 4000 -o cat") == 0);
	for (const char *p = s->output; (p = strstr(p, "control: InVain on ")); p++) {
		lines++;
	}
	/* Ten in ten seconds; a slow machine takes several of these. */
	CHECK(lines > 0 && lines < FLOOD / 2);
}

/* Stops a unit: what a member of the control group may. */
static int stop_open(FILE *seen)
{
	AUTO(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = dial();
	int r = bus ? sd_bus_call_method(bus, NULL, "/org/freedesktop/systemd1",
			      "org.freedesktop.systemd1.Manager", "StopUnit", &error, NULL, "ss",
			      "open.service", "replace")
		    : -ENOTCONN;

	fprintf(seen, "%s\n", error.message ? error.message : "");
	sd_bus_flush_close_unref(bus);
	return r < 0;
}

static void test_group(void **state)
{
	AUTO(close_file) FILE *f = tmpfile();
	const struct group *group = getgrnam(GROUP);
	char logged[128];
	pid_t pid;

	(void)state;
	CHECK(f && group);
	CHECK(as(STRANGER, STRANGER, stop_open, f, &pid) == 1);
	CHECK(property_equals("open.service", "SubState", "running"));
	CHECK(as(STRANGER, group->gr_gid, stop_open, f, &pid) == 0);
	sys_wait(s, "open.service", "ActiveState", "inactive");
	snprintf(logged, sizeof(logged),
		"StopUnit on /org/freedesktop/systemd1 by uid %d, pid %d\n", STRANGER, pid);
	wait_log("", logged);
}

/* grep says 0 when it is there, 1 when it is not, 2 when a file went away while it looked. */
static bool grep_looks_at_all(struct sys *sys, void *code)
{
	char command[256];

	snprintf(command, sizeof(command),
		"grep -rqsF --devices=skip PlantedCredential %s/run %s/state %s/log", sys->dir,
		sys->dir, sys->dir);
	*(int *)code = WEXITSTATUS(system(command));
	return *(int *)code < 2;
}

/* Nothing of a credential is in what supd and its helpers keep. */
static void test_files(void **state)
{
	int code = 0;

	(void)state;
	sys_wait_for(s, "an answer of grep", grep_looks_at_all, &code);
	CHECK(code == 1);
}

static int control_setup(void **state)
{
	const char *payload;
	char path[192], text[1024];

	(void)state;
	s = sys_new();
	payload = sys_payload(s);
	snprintf(path, sizeof(path), "%s/secret.env", s->dir);
	write_secret(path, "FROM_FILE=PlantedFileValue\n");
	/* Arguments of what runs are in /proc for everybody. */
	snprintf(text, sizeof(text),
		"[Service]\nEnvironment=A=PlantedEnvironment\nEnvironmentFile=%s\n"
		"SetCredential=token:PlantedCredential\nExecStart=%s pause\n"
		"ExecReload=%s pause PlantedArgument\n",
		path, payload, payload);
	snprintf(path, sizeof(path), "%s/secret.service", s->units);
	write_secret(path, text);
	snprintf(text, sizeof(text),
		"[Service]\nEnvironment=A=PlantedPublicEnvironment\n"
		"ExecStart=%s pause PlantedPublicArgument\n",
		payload);
	sys_unit(s, "open.service", text);
	/* What is wrong in a unit is a part of it. */
	snprintf(path, sizeof(path), "%s/broken.service", s->units);
	write_secret(path,
		"[Service]\nExecStart=/bin/true\nProtectSystem=PlantedError\nPlantedWarning=x\n");
	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	write_secret(path, "[supd]\nControlAccessGroup=" GROUP "\n");
	sys_start(s, (const char *const[]) { "secret.service", "open.service", NULL });
	sys_wait(s, "secret.service", "SubState", "running");
	sys_wait(s, "open.service", "SubState", "running");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_files),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, control_setup, teardown);
}
