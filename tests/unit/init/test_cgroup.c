// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/init/cgroup.h"
#include "../../../runtime/init/cgrouptree.h"

struct seen {
	size_t n;
	pid_t pids[8];
};

static int note(void *data, pid_t pid)
{
	struct seen *seen = data;

	seen->pids[seen->n++] = pid;
	return 0;
}

/* Chunks may end inside a number; 0 is a process of an outer namespace. */
static void test_digits(void **state)
{
	static const char *const chunks[] = { "1\n2", "3\n0\n", "99999999999\n4\n" };
	struct cgroup_digits d = { 0 };
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(chunks); i++) {
		assert_int_equal(cgroup_digits(&d, chunks[i], strlen(chunks[i]), note, &seen), 0);
	}
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.pids[0], 1);
	assert_int_equal(seen.pids[1], 23);
	assert_int_equal(seen.pids[2], 4);
}

/* On an ordinary directory: only what mkdir and rmdir do is tested here. */
static void test_tree(void **state)
{
	char dir[] = "/tmp/supd-cgroup-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	AUTO_CLOSE int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(cgroup_make(root, "a.slice/b.slice/c.service", 0), 1);
	assert_int_equal(cgroup_make(root, "a.slice/b.slice/d.service", 0), 1);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/d.service", false), 0);
	assert_int_equal(cgroup_make(root, "a.slice/b.slice/c.service", 0), 0);
	assert_int_equal(faccessat(root, "a.slice/b.slice/c.service", F_OK, 0), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/c.service", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/c.service", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice", false), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_keys(void **state)
{
	char dir[] = "/tmp/supd-cgroup-XXXXXX";
	uint64_t value = 9;

	(void)state;
	assert_non_null(mkdtemp(dir));
	AUTO_CLOSE int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = openat(root, "events", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "populated 1\nfrozen 0\n", 21), 21);
	assert_int_equal(cgroup_read_key(root, "events", "frozen", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(cgroup_read_key(root, "events", "populated", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(cgroup_read_key(root, "events", "popul", &value), -ENOENT);
	assert_int_equal(cgroup_read_key(root, "none", "frozen", &value), -ENOENT);
	assert_int_equal(unlinkat(root, "events", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* A directory with a cgroup.procs of our own making, and a child that sleeps. */
struct single {
	char dir[32];
	int root;
	pid_t child;
};

static void single_init(struct single *t)
{
	strcpy(t->dir, "/tmp/supd-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->root = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->child = fork();
	if (t->child == 0) {
		alarm(60); /* whom nobody signals ends otherwise */
		for (;;) {
			pause();
		}
	}
	assert_true(t->child > 0);
}

static void single_fini(struct single *t)
{
	unlinkat(t->root, "cgroup.procs", 0);
	close(t->root);
	assert_int_equal(rmdir(t->dir), 0);
}

/* The child's pid, and with both this process's as well. */
static void write_procs(const struct single *t, bool both)
{
	AUTO_CLOSE int fd =
		openat(t->root, "cgroup.procs", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(dprintf(fd, "%d\n", (int)t->child) > 0);
	assert_true(!both || dprintf(fd, "%d\n", (int)getpid()) > 0);
}

static int truncate_procs(const struct single *t)
{
	AUTO_CLOSE int fd = openat(t->root, "cgroup.procs", O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -1 : 0;
}

static bool ended_by(pid_t pid, int signo)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

/* Who is stopped hears the signal because SIGCONT follows. */
static void test_single(void **state)
{
	struct cgroup_signal what = { .signo = SIGTERM, .more = true };
	struct single t;
	siginfo_t info;

	(void)state;
	single_init(&t);
	write_procs(&t, false);
	assert_int_equal(kill(t.child, SIGSTOP), 0);
	assert_int_equal(waitid(P_PID, (id_t)t.child, &info, WSTOPPED | WNOWAIT), 0);
	assert_int_equal(cgroup_signal_single(t.root, &what), 1);
	assert_int_equal(what.except, t.child);
	assert_true(ended_by(t.child, SIGTERM));
	what.except = 0;
	assert_int_equal(truncate_procs(&t), 0);
	assert_int_equal(cgroup_signal_single(t.root, &what), 1);
	assert_int_equal(what.except, 0);
	single_fini(&t);
}

/* Two processes: nobody is signalled here; the other way signals all but one. */
static void test_several(void **state)
{
	struct cgroup_signal what = { .signo = SIGTERM, .more = true };
	struct single t;

	(void)state;
	single_init(&t);
	write_procs(&t, true);
	assert_int_equal(cgroup_signal_single(t.root, &what), 0);
	assert_int_equal(what.except, 0);
	what.except = getpid();
	assert_int_equal(cgroup_signal(t.root, &what), 0);
	assert_true(ended_by(t.child, SIGTERM));
	single_fini(&t);
}

/* No more than so many descriptors can be opened; what the limit was. */
static struct rlimit leave_descriptors(rlim_t left)
{
	AUTO_CLOSE int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)next + left;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return before;
}

/* Who fails for want of descriptors is asked again when there are some, by the same descriptor. */
static void test_tree_again(void **state)
{
	struct cgroup_signal what = { .signo = SIGTERM };
	struct rlimit before;
	struct single t;
	char path[48];
	int r;

	(void)state;
	single_init(&t);
	snprintf(path, sizeof(path), "%s/below", t.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	AUTO_CLOSE int top = t.root;

	t.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_procs(&t, false);
	assert_int_equal(mknodat(top, "cgroup.procs", S_IFREG | 0600, 0), 0);
	before = leave_descriptors(1);
	r = cgrouptree_signal(top, &what);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(waitpid(t.child, NULL, WNOHANG), 0);
	/* Its file still has the child once that is dead: the walk ends all the same. */
	assert_int_equal(cgrouptree_signal(top, &what), 0);
	assert_true(ended_by(t.child, SIGTERM));
	assert_int_equal(unlinkat(t.root, "cgroup.procs", 0), 0);
	close(t.root);
	assert_int_equal(rmdir(path), 0);
	t.root = TAKE_FD(top);
	single_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_tree_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
