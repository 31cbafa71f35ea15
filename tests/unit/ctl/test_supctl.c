// SPDX-License-Identifier: MIT
/* Verbs against a peer in a child process. */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/verbs.h"
#include "../../../supervisor/log/logread.h"
#include "../../../supervisor/log/logstore.h"
#include "mockpeer.h"

struct fixture {
	char dir[32];
	pid_t peer;
	char *out, *err; /* of the last run */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[64];

	strcpy(f->dir, "/tmp/supctl.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/etc", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/units", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/logs", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	f->peer = mockpeer_start(f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const leaves[] = { "control", "etc/ok.service", "etc/web@.service",
		"etc/ok.service.d/a.conf", "etc/ok.service.d", "units/web@7.service", "etc",
		"units", "logs" };
	struct fixture *f = *state;
	char path[64];

	mockpeer_stop(f->peer);
	snprintf(path, sizeof(path), "rm -rf %s/logs/*", f->dir);
	assert_int_equal(system(path), 0);
	for (size_t i = 0; i < ELEMENTSOF(leaves); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, leaves[i]);
		remove(path);
	}
	rmdir(f->dir);
	free(f->out);
	free(f->err);
	free(f);
	return 0;
}

/* Runs supctl with words split at spaces. Exit code; texts in f. */
static int run(struct fixture *f, const char *line)
{
	AUTO_FREE char *words = strdup(line);
	char logs[64];
	char *argv[16] = { (char *)"supctl", (char *)"--runtime-dir", f->dir, (char *)"--log-dir",
		logs };
	int argc = 5;
	size_t out_size, err_size;
	struct ctl c;
	int code;

	snprintf(logs, sizeof(logs), "%s/logs", f->dir);
	for (char *save, *word = strtok_r(words, " ", &save); word;
		word = strtok_r(NULL, " ", &save)) {
		argv[argc++] = word;
	}
	free(f->out);
	free(f->err);
	FILE *out = open_memstream(&f->out, &out_size);
	FILE *err = open_memstream(&f->err, &err_size);

	ctl_init(&c, out, err);
	code = verbs_main(&c, argc, argv);
	ctl_fini(&c);
	fclose(out);
	fclose(err);
	return code;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in:\n%s", part, text);
	}
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
}

static void test_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "start ok"), 0);
	assert_string_equal(f->err, "");
	assert_int_equal(run(f, "start early ok"), 0);
	assert_int_equal(run(f, "stop ok.service"), 0);
	assert_int_equal(run(f, "start gone"), 5);
	assert_string_equal(f->err, "supctl: Unit gone.service not found.\n");
	assert_int_equal(run(f, "start a/b"), 2);
	assert_int_equal(run(f, "start"), 1);
}

static void test_failure(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "start bad ok"), 1);
	assert_contains(f->err, "bad.service: mounts: bind /srv/x: No such file or directory "
				"(bad.service:14)\n");
	assert_contains(f->err, "supctl logs bad.service");
	assert_null(strstr(f->err, "ok.service"));
	assert_int_equal(run(f, "start exits"), 1);
	assert_contains(
		f->err, "exits.service: main process exited with status 3 (NOTIMPLEMENTED)\n");
}

static void test_reconnect(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "start crash"), 0);
	assert_string_equal(f->err, "");
}

/* The job went down with supd: the unit is up, but it is the old one. */
static void test_lost_job(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "restart again"), 0);
	assert_string_equal(f->err, "");
	assert_int_equal(run(f, "show -p NRequests --value"), 0);
	assert_string_equal(f->out, "2\n");
}

static void test_lost_request(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "start lost"), 0);
	assert_string_equal(f->err, "");
}

static void test_instance(void **state)
{
	struct fixture *f = *state;
	char path[64], target[64];
	ssize_t n;

	assert_int_equal(run(f, "start web@7"), 5);
	write_file(f, "etc/web@.service", "[Service]\nExecStart=/bin/true\n");
	assert_int_equal(run(f, "stop web@7"), 5);
	assert_int_equal(run(f, "start web@7"), 0);
	snprintf(path, sizeof(path), "%s/units/web@7.service", f->dir);
	n = readlink(path, target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	assert_contains(target, "/etc/web@.service");
}

static void test_status(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "status ok"), 0);
	assert_contains(f->out, "● ok.service - A unit of the test\n"
				"     Loaded: loaded (/etc/supd/unit)\n"
				"     Active: active (running) since ");
	assert_contains(f->out, "       Docs: man:a(8)\n             man:b(8)\n");
	assert_contains(f->out, "     Status: fine\n");
	assert_contains(
		f->out, "     CGroup: /t\n             ├─11 main -x\n             └─12 worker\n");
	assert_int_equal(run(f, "status bad"), 3);
	assert_contains(f->out, "× bad.service");
	assert_contains(f->out, "Active: failed (Result: resources)");
	assert_contains(f->out, "Failure: mounts: bind /srv/x");
	assert_int_equal(run(f, "status nothing"), 4);
	assert_int_equal(run(f, "status evil"), 0);
	assert_contains(f->out, "Status: \\x1b]0;x\\x07\\n\n");
	assert_null(strchr(f->out, '\033'));
}

static void test_show(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "show -p ActiveState --value ok"), 0);
	assert_string_equal(f->out, "active\n");
	assert_int_equal(run(f, "show -p SubState,Result -p MainPID bad"), 0);
	assert_string_equal(f->out, "SubState=failed\nResult=resources\nMainPID=0\n");
	assert_int_equal(run(f, "show --json -p Id,Documentation ok"), 0);
	assert_string_equal(f->out,
		"[{\"Id\":\"ok.service\",\"Documentation\":[\"man:a(8)\",\"man:b(8)\"]}]\n");
	assert_int_equal(run(f, "show -p SystemState --value"), 0);
	assert_string_equal(f->out, "degraded\n");
}

static void test_states(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "is-active ok"), 0);
	assert_string_equal(f->out, "active\n");
	assert_int_equal(run(f, "is-active down"), 3);
	assert_int_equal(run(f, "is-active bad"), 3);
	assert_string_equal(f->out, "failed\n");
	assert_int_equal(run(f, "is-active nothing"), 4);
	assert_int_equal(run(f, "-q is-active bad ok"), 0);
	assert_string_equal(f->out, "");
	assert_int_equal(run(f, "is-failed bad"), 0);
	assert_int_equal(run(f, "is-failed ok"), 1);
	assert_int_equal(run(f, "is-active --json ok"), 0);
	assert_string_equal(f->out, "{\"ok.service\":\"active\"}\n");
	assert_int_equal(run(f, "is-system-running"), 1);
}

static void test_list(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "list --failed --no-legend"), 0);
	assert_string_equal(f->out, "● bad.service   loaded failed        failed       A unit\n"
				    "● exits.service loaded failed        failed       A unit\n"
				    "● loop.service  loaded crash-looping auto-restart A unit\n");
	assert_int_equal(run(f, "list --type=socket --plain --no-legend"), 0);
	assert_string_equal(f->out, "");
	assert_int_equal(run(f, "list"), 0);
	assert_null(strstr(f->out, "down.service"));
	assert_contains(f->out, "\n9 units listed. --all shows loaded but inactive units, too.\n");
	assert_int_equal(run(f, "list --all --json --state=inactive"), 0);
	assert_string_equal(f->out, "[{\"unit\":\"down.service\",\"load\":\"loaded\",\"active\":"
				    "\"inactive\",\"sub\":\"dead\",\"description\":\"A unit\"}]\n");
}

static void test_cat(void **state)
{
	struct fixture *f = *state;
	char path[64];

	write_file(f, "etc/ok.service", "[Service]\nExecStart=/bin/true\n");
	snprintf(path, sizeof(path), "%s/etc/ok.service.d", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file(f, "etc/ok.service.d/a.conf", "[Unit]\nDescription=x\n");
	assert_int_equal(run(f, "cat ok"), 0);
	assert_contains(f->out, "/etc/ok.service\n[Service]\nExecStart=/bin/true\n\n# ");
	assert_contains(f->out, "/etc/ok.service.d/a.conf\n[Unit]\nDescription=x\n");
	assert_int_equal(run(f, "cat nothing"), 1);
	snprintf(path, sizeof(path), "%s/etc/ok.service", f->dir);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(run(f, "cat ok"), 1);
	assert_contains(f->err, "writable by others");
}

/* Two records of ok.service and one of another unit, as supd-log writes them. */
static void write_logs(const struct fixture *f)
{
	static const struct {
		const char *unit, *message;
	} lines[] = { { "ok.service", "one" }, { "ok.service", "two\033[31m" },
		{ "bad.service", "three" } };
	char path[64];
	AUTO_CLOSE int dir = -1;
	struct logstore *store;

	snprintf(path, sizeof(path), "%s/logs", f->dir);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	store = logstore_new(dir);
	assert_non_null(store);
	store->max_bytes = 1024 * 1024;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		struct logunit *unit = logstore_ref(store, lines[i].unit);
		struct log_record r = { .priority = 6,
			.pid = 42,
			.unit = lines[i].unit,
			.identifier = "prog",
			.message = lines[i].message,
			.message_size = strlen(lines[i].message) };

		assert_non_null(unit);
		logstore_put(store, unit, &r, false);
		logstore_flush(store);
		logstore_unref(store, unit);
	}
	logstore_free(store);
}

static void test_logs(void **state)
{
	struct fixture *f = *state;

	write_logs(f);
	assert_int_equal(run(f, "logs ok -o cat"), 0);
	assert_string_equal(f->out, "one\ntwo\\x1b[31m\n");
	assert_int_equal(run(f, "logs ok bad -n 1 -o cat"), 0);
	assert_string_equal(f->out, "three\n");
	assert_int_equal(run(f, "logs -o cat"), 0);
	assert_string_equal(f->out, "one\ntwo\\x1b[31m\nthree\n");
	assert_int_equal(run(f, "logs bad"), 0);
	assert_contains(f->out, " prog[42]: three\n");
	assert_int_equal(run(f, "logs bad -o json"), 0);
	assert_contains(f->out, "\"_PID\":\"42\",\"PRIORITY\":\"6\",\"MESSAGE\":\"three\"}\n");
	assert_int_equal(run(f, "logs ok --since @4000000000 -n 5"), 0);
	assert_string_equal(f->out, "");
	assert_int_equal(run(f, "logs ok --since today -n 5 -o cat"), 0);
	assert_int_equal(run(f, "status ok"), 0);
	assert_contains(f->out, " prog[42]: one\n");
}

static void test_manager(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "daemon-reload"), 0);
	assert_string_equal(f->err, "/etc/supd/a.service:3: warning: unknown key\n");
	assert_string_equal(
		f->out, "a.service: RestartSec: 1s → 2s\nb.service: gone\nc.service: new\n");
	assert_int_equal(run(f, "daemon-reload --json"), 0);
	assert_contains(f->out, "[{\"file\":\"/etc/supd/a.service\",\"line\":3,");
	assert_contains(f->out, "\"setting\":\"RestartSec\",\"from\":\"1s\",\"to\":\"2s\"");
	assert_int_equal(run(f, "get-default"), 1);
	assert_int_equal(run(f, "logs ok --since nonsense"), 1);
	assert_int_equal(run(f, "logs ok"), 0);
	assert_int_equal(run(f, "frobnicate"), 1);
	mockpeer_stop(f->peer);
	assert_int_equal(run(f, "list"), 1);
	assert_contains(f->err, "is supd running?");
}

/* A supd that ends before it answers may have taken the request with it. */
static void test_power(void **state)
{
	struct fixture *f = *state;

	/* By force: no units are stopped. Twice: of this machine, whose supd that is not. */
	assert_int_equal(run(f, "poweroff -f"), 3);
	assert_contains(f->err, "asked for the last phase");
	assert_int_equal(run(f, "kexec --force"), 3);
	assert_int_equal(run(f, "reboot -ff"), 1);
	assert_contains(f->err, "supd-init is not PID 1 here");
	assert_int_equal(run(f, "halt -f --force"), 1);
	assert_int_equal(run(f, "soft-reboot -f"), 1);
	assert_contains(f->err, "--force is for poweroff, reboot, halt and kexec");
	assert_int_equal(run(f, "exit --when=+5"), 1);
	assert_int_equal(run(f, "poweroff -f --when=+5"), 1);
	assert_contains(f->err, "--when does not go with --force");
	assert_int_equal(run(f, "poweroff --check-inhibitors=perhaps"), 1);
	assert_contains(f->err, "perhaps: not yes, no or auto");
	assert_int_equal(run(f, "reboot"), 3);
	assert_contains(f->err, "asked again");
	assert_int_equal(run(f, "halt"), 0);
	assert_string_equal(f->err, "");
	/* Nobody listens any more: it was done. */
	assert_int_equal(run(f, "poweroff"), 0);
	assert_string_equal(f->err, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_start),
		CASE(test_failure),
		CASE(test_reconnect),
		CASE(test_lost_job),
		CASE(test_lost_request),
		CASE(test_instance),
		CASE(test_status),
		CASE(test_show),
		CASE(test_states),
		CASE(test_list),
		CASE(test_cat),
		CASE(test_logs),
		CASE(test_manager),
		CASE(test_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
