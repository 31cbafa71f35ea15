// SPDX-License-Identifier: MIT
/* D-Bus values in, text and JSON out. Messages are made and sealed without any connection. */
#include "../test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/failure.h"
#include "../../../supervisor/ctl/value.h"

struct fixture {
	sd_bus *bus;
	sd_bus_message *m;
	struct props p;
	int pair[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_true(sd_bus_new(&f->bus) >= 0);
	/* Nobody answers: messages can be made as soon as the bus is started. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->pair), 0);
	assert_true(sd_bus_set_fd(f->bus, f->pair[0], f->pair[0]) >= 0);
	assert_true(sd_bus_start(f->bus) >= 0);
	assert_true(sd_bus_message_new_signal(f->bus, &f->m, "/", "a.b", "C") >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	props_fini(&f->p);
	sd_bus_message_unref(f->m);
	sd_bus_close_unref(f->bus);
	close(f->pair[1]);
	free(f);
	return 0;
}

static void seal(struct fixture *f)
{
	assert_true(sd_bus_message_seal(f->m, 1, 0) >= 0);
}

static char *text_of(const struct props *p, const char *name)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct value *v = props_find(p, name);

	assert_non_null(v);
	value_print(out, name, v);
	fclose(out);
	return text;
}

static void assert_text(const struct props *p, const char *name, const char *expected)
{
	AUTO_FREE char *text = text_of(p, name);

	assert_string_equal(text, expected);
}

static void test_text(void **state)
{
	struct fixture *f = *state;

	assert_true(sd_bus_message_append(f->m, "a{sv}", 11, "Id", "s", "a\033b", "MainPID", "u", 7,
			    "Flag", "b", 1, "RestartUSec", "t", (uint64_t)100000, "MemoryCurrent",
			    "t", UINT64_MAX, "TasksMax", "t", UINT64_MAX, "UMask", "u", 022,
			    "ActiveEnterTimestamp", "t", (uint64_t)0, "Names", "as", 2, "a", "b",
			    "InvocationID", "ay", 2, 0xab, 1, "Job", "(uo)", 5, "/x") >= 0);
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), 0);
	assert_int_equal(f->p.n, 11);
	assert_text(&f->p, "Id", "a\\x1bb");
	assert_text(&f->p, "MainPID", "7");
	assert_text(&f->p, "Flag", "yes");
	assert_text(&f->p, "RestartUSec", "100ms");
	assert_text(&f->p, "MemoryCurrent", "[not set]");
	assert_text(&f->p, "TasksMax", "infinity");
	assert_text(&f->p, "UMask", "0022");
	assert_text(&f->p, "ActiveEnterTimestamp", "n/a");
	assert_text(&f->p, "Names", "a b");
	assert_text(&f->p, "InvocationID", "ab01");
	assert_text(&f->p, "Job", "5");
	assert_int_equal(props_u64(&f->p, "MainPID", 0), 7);
	assert_int_equal(props_u64(&f->p, "Id", 99), 99);
	assert_string_equal(props_string(&f->p, "MainPID"), "");
	assert_null(props_find(&f->p, "Missing"));
}

static void test_command(void **state)
{
	struct fixture *f = *state;

	assert_true(sd_bus_message_append(f->m, "a{sv}", 1, "ExecStart", "a(sasbttttuii)", 1,
			    "/bin/x", 2, "/bin/x", "-y", 0, (uint64_t)0, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0, 12, 1, 3) >= 0);
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), 0);
	assert_text(&f->p, "ExecStart",
		"{ path=/bin/x ; argv[]=/bin/x -y ; ignore_errors=no ; start_time=[n/a] ; "
		"stop_time=[n/a] ; pid=12 ; code=1 ; status=3 }");
}

static void test_json(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	assert_true(sd_bus_message_append(f->m, "a{sv}", 3, "Empty", "as", 0, "Map", "a{ss}", 1,
			    "k", "v", "Pair", "(xd)", (int64_t)-5, 1.5) >= 0);
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), 0);
	json_init(&j, out);
	json_object(&j, NULL);
	for (size_t i = 0; i < f->p.n; i++) {
		value_json(&j, f->p.list[i].name, &f->p.list[i].value);
	}
	json_end(&j);
	fclose(out);
	assert_string_equal(text, "{\"Empty\":[],\"Map\":{\"k\":\"v\"},\"Pair\":[-5,1.5]}\n");
}

static void test_hostile(void **state)
{
	struct fixture *f = *state;

	/* Deeper than VALUE_DEPTH. */
	assert_true(sd_bus_message_open_container(f->m, 'a', "{sv}") >= 0);
	assert_true(sd_bus_message_open_container(f->m, 'e', "sv") >= 0);
	assert_true(sd_bus_message_append(f->m, "s", "x") >= 0);
	for (int i = 0; i < 20; i++) {
		assert_true(sd_bus_message_open_container(f->m, 'v', i < 19 ? "v" : "s") >= 0);
	}
	assert_true(sd_bus_message_append(f->m, "s", "x") >= 0);
	for (int i = 0; i < 22; i++) {
		assert_true(sd_bus_message_close_container(f->m) >= 0);
	}
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), -E2BIG);
}

static void test_not_properties(void **state)
{
	struct fixture *f = *state;

	assert_true(sd_bus_message_append(f->m, "s", "x") >= 0);
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), -EBADMSG);
}

static void test_failure(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *text = NULL;

	assert_true(sd_bus_message_append(f->m, "a{sv}", 3, "Result", "s", "resources",
			    "FailureStep", "s", "mounts", "FailureText", "s",
			    "mounts: bind /srv/x: No such file or directory\033 (a:1)") >= 0);
	seal(f);
	assert_int_equal(props_read(&f->p, f->m), 0);
	text = failure_text(&f->p);
	assert_string_equal(text, "mounts: bind /srv/x: No such file or directory\\x1b (a:1)");
	assert_string_equal(failure_of_job("dependency"), "a unit that it requires failed");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_text),
		CASE(test_command),
		CASE(test_json),
		CASE(test_hostile),
		CASE(test_not_properties),
		CASE(test_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
