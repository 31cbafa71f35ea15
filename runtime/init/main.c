// SPDX-License-Identifier: MIT
/*
 * supd-init: holds unit slots, starts launches, reaps, remembers, restarts supd. After its start
 * it allocates nothing and ends only by WIRE_POWER or a signal that says so (PROTOCOLS, Death).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/boottimes.h"
#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/pidns.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "broker.h"
#include "catalog.h"
#include "events.h"
#include "final.h"
#include "launch.h"
#include "listen.h"
#include "logs.h"
#include "logsend.h"
#include "notify.h"
#include "power.h"
#include "reap.h"
#include "reports.h"
#include "requests.h"
#include "rescue.h"
#include "resources.h"
#include "setup.h"
#include "sigtable.h"
#include "slots.h"
#include "spare.h"
#include "store.h"
#include "supdproc.h"
#include "table.h"
#include "uplink.h"
#include "util.h"
#include "watchdog.h"

/* What is lost with the queue of supd's records may wait so long for a log that is behind. */
#define REEXEC_DRAIN_US (200 * USEC_PER_MSEC)

static struct broker broker;

int broker_watch(struct broker *b, int fd, uint32_t events, enum watch_kind kind, uint32_t index)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)index << 32 | kind,
	};

	if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 &&
		(errno != EEXIST || epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0)) {
		return -errno;
	}
	return 0;
}

/* ---- what the loop reacts to ---- */

static void on_signal(struct broker *b, uint32_t index)
{
	struct signalfd_siginfo info;

	(void)index;
	while (read(b->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap_hint(b, (pid_t)info.ssi_pid);
		} else {
			sigtable_act(b, (int)info.ssi_signo);
		}
	}
}

static void on_inotify(struct broker *b, uint32_t index)
{
	(void)index;
	resources_inotify(b);
}

static void on_request(struct broker *b, uint32_t index)
{
	(void)index;
	requests_read(b);
}

static void on_event(struct broker *b, uint32_t index)
{
	(void)index;
	b->supd.blocked = false;
	if (b->supd.event_fd >= 0) {
		epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, b->supd.event_fd, NULL);
	}
}

static void on_control(struct broker *b, uint32_t index)
{
	(void)index;
	supdproc_asked(b);
}

static void on_log(struct broker *b, uint32_t index)
{
	(void)index;
	b->log.blocked = false;
	if (b->log.fd >= 0) {
		epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, b->log.fd, NULL);
	}
}

static void on_native(struct broker *b, uint32_t index)
{
	(void)index;
	logsend_room(b);
}

static void on_load_error(struct broker *b, uint32_t index)
{
	(void)index;
	catalog_error_readable(b);
}

static void on_uplink(struct broker *b, uint32_t index)
{
	(void)index;
	uplink_room(b, now_us());
}

static void (*const reactions[WATCH_KIND_COUNT])(struct broker *b, uint32_t index) = {
	[WATCH_SIGNAL] = on_signal,
	[WATCH_INOTIFY] = on_inotify,
	[WATCH_REQUEST] = on_request,
	[WATCH_EVENT] = on_event,
	[WATCH_LOG] = on_log,
	[WATCH_NATIVE] = on_native,
	[WATCH_LOAD_ERROR] = on_load_error,
	[WATCH_JOB] = launch_drain,
	[WATCH_PIDFD] = reap_foreign,
	[WATCH_LISTEN] = listen_ready,
	[WATCH_WARM] = warm_readable,
	[WATCH_CONTROL] = on_control,
	[WATCH_UPLINK] = on_uplink,
};

static int wait_time(struct broker *b, uint64_t now)
{
	uint64_t at = 0;

	supdproc_deadline(b, &at);
	reap_log_deadline(b, &at);
	power_deadline(b, &at);
	watchdog_deadline(b, &at);
	uplink_deadline(b, &at);
	catalog_deadline(b, &at);
	if (b->unswept || b->remove_again) {
		return 0;
	}
	if (!at) {
		return -1;
	}
	return at <= now ? 0 : (int)((at - now) / 1000 + 1);
}

/* Everything that follows from what was read; also before the first wait. */
static void settle(struct broker *b, bool idle)
{
	uint64_t now = now_us();

	spare_fill(b);
	reap_turn(b, idle);
	supdproc_tick(b, now);
	reap_log_tick(b, now);
	catalog_tick(b, now);
	power_tick(b, now);
	rescue_tick(b);
	watchdog_tick(b, now);
	uplink_report(b, now);
	launch_serve(b);
	launch_release_more(b);
	if (events_flush(b) < 0) {
		supdproc_gone(b);
	}
	if (b->supd.request_fd >= 0 && b->supd.paused && !b->supd.refused_dirty) {
		b->supd.paused = false;
		broker_watch(b, b->supd.request_fd, EPOLLIN, WATCH_REQUEST, 0);
	}
	logs_flush(b);
	store_settle(b);
	if (b->launched && b->n_live == 0) {
		b->launched = false;
		launch_rest(b);
		catalog_rest(b);
	}
}

static void turn(struct broker *b)
{
	struct epoll_event events[64];
	int n = epoll_wait(b->epoll_fd, events, ELEMENTSOF(events), wait_time(b, now_us()));

	for (int i = 0; i < n; i++) {
		reactions[(uint32_t)events[i].data.u64](b, (uint32_t)(events[i].data.u64 >> 32));
	}
	settle(b, n <= 0);
}

/* ---- start ---- */

static int reserve_low_fds(bool inherited)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0) {
		return -errno;
	}
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			dup2(null, fd);
		}
	}
	if (!inherited) {
		null = fcntl(null, F_DUPFD_CLOEXEC, LOW_FD_END);
		sysx_close_range(LOW_FD_SPARE, (unsigned)null - 1, 0);
		sysx_close_range((unsigned)null + 1, ~0u, 0);
	}
	for (int fd = LOW_FD_SPARE; fd < LOW_FD_END; fd++) {
		if (fd != null && dup3(null, fd, O_CLOEXEC) < 0) {
			return -errno;
		}
	}
	if (null >= LOW_FD_END) {
		close(null);
	}
	return 0;
}

static int open_loop(struct broker *b)
{
	sigset_t mask;

	for (int signo = 1; signo <= SIGRTMAX; signo++) {
		signal(signo, SIG_DFL);
	}
	sigemptyset(&mask);
	sigtable_mask(&mask);
	b->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	sigaddset(&mask, SIGPIPE); /* a closed stderr is no reason to die */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	b->journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (b->signal_fd < 0 || b->epoll_fd < 0 || b->inotify_fd < 0 || b->journal_fd < 0) {
		return -errno;
	}
	int r = broker_watch(b, b->signal_fd, EPOLLIN, WATCH_SIGNAL, 0);

	return r < 0 ? r : broker_watch(b, b->inotify_fd, EPOLLIN, WATCH_INOTIFY, 0);
}

static void become_init(struct broker *b)
{
	b->pid1 = getpid() == 1;
	b->machine = b->pid1 && pidns_is_initial();
	if (b->machine) {
		int kbd = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);

		reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del is SIGINT */
		if (kbd >= 0) {
			ioctl(kbd, KDSIGACCEPT, SIGWINCH); /* Alt-Up: kbrequest.target */
			close(kbd);
		}
	}
	if (!b->pid1) {
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	if (chdir("/") < 0) {
		util_say("cannot enter the root directory", NULL, errno);
	}
	umask(022);
}

static int open_table(struct broker *b, const struct settings *settings, int lock)
{
	int fd = b->pid1 ? -1
			 : openat(b->runtime_fd, "init/table",
				   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = !b->pid1 && fd < 0 ? -errno : table_map(b, fd);

	if (r < 0) {
		util_say("slot table", "init/table", -r);
		return r;
	}
	if (r == 1) {
		table_forget_fds(b);
	}
	b->t->settings = *settings;
	b->t->lock_fd = lock;
	b->t->owner = getpid();
	return r;
}

/* A new instance; 0, or an exit status. */
static int start_fresh(struct broker *b, char **argv)
{
	struct settings settings = { 0 };
	uint64_t began = now_us();
	int lock = -1;
	int r = catalog_settings(argv, b->machine, &settings);

	if (r == -EBADMSG) {
		return 0; /* --help: nothing was to be started */
	}
	if (r != 0) {
		util_say(geteuid() != 0 ? "only root can start it"
					: "is not started, for its settings are not good",
			NULL, r < 0 ? -r : 0);
		return r < 0 ? 1 : r;
	}
	if (setup_runtime(b, &settings, &lock) < 0) {
		return 1;
	}
	int found = open_table(b, &settings, lock);

	if (found < 0 || setup_places(b, true) < 0 || setup_cgroup(b, true) < 0) {
		return 1;
	}
	setup_publish(b);
	notify_start(b);
	if (found) {
		slots_index(b);
		table_adopt(b);
		reap_rebuild(b);
		power_adopted(b);
	} else {
		b->t->started_us = began; /* the settings were made meanwhile */
		setup_times(b);
	}
	return -1;
}

static int start_again(struct broker *b)
{
	b->runtime_fd = open(b->t->settings.runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (setup_places(b, false) < 0 || setup_cgroup(b, false) < 0) {
		util_say("starts again without some of its places", NULL, 0);
	}
	catalog_remap(b);
	slots_index(b);
	table_resume(b);
	listen_resume(b);
	power_adopted(b); /* what the uplink kept for a late host was not in the table */
	return -1;
}

static int start(struct broker *b, char **argv)
{
	int *const none[] = { &b->table_fd, &b->runtime_fd, &b->notify_fd, &b->log_dir_fd,
		&b->idtable_fd, &b->stamps_fd, &b->cgroup_fd, &b->supd.request_fd,
		&b->supd.event_fd, &b->log.fd, &b->logsend.native_fd, &b->logsend.journald_fd,
		&b->uplink.fd, &b->hw_fd, &b->load.plans_fd, &b->load.manifest_fd,
		&b->load.error_fd };

	for (size_t i = 0; i < ELEMENTSOF(none); i++) {
		*none[i] = -1;
	}
	b->remove_again = true; /* what the table says */
	memset(b->job_refs, 0xff, sizeof(b->job_refs));
	warm_init(&b->warm);
	b->argv = argv;
	become_init(b);
	uplink_environment(b);
	if (!(util_capabilities() >> CAP_SYS_ADMIN & 1)) {
		util_say("no CAP_SYS_ADMIN here: units with namespaces or mounts of their own will "
			 "be refused",
			NULL, 0);
	}
	bool again = table_inherit(b);

	if (reserve_low_fds(again) < 0 || setup_helpers(b) < 0 || open_loop(b) < 0) {
		util_say("cannot start", NULL, errno);
		return 1;
	}
	spare_fill(b); /* low numbers, so that a limit that is lowered does not take them */

	int r = again ? start_again(b) : start_fresh(b, argv);

	if (r < 0) {
		resources_rewatch(b);
		b->load.first_done = again && catalog_count(b) > 0;
		b->log.wanted = !logs_journald(b);
		if (!b->load.first_done) {
			catalog_load(b, 0); /* an exec may have ended the first one, too */
		}
		logs_start(b);
		supdproc_start(b);
		launch_warm_up(b);
	}
	return r;
}

static void reexec(struct broker *b)
{
	b->reexec = false;
	logsend_drain(b, REEXEC_DRAIN_US);
	reap_helpers(b); /* the new supd-init starts its own */
	table_reexec(b);
}

static const char usage[] =
	"usage: supd-init [--config FILE] [--unit-path DIR[:DIR...]] [--runtime-dir DIR]\n"
	"                 [--state-dir DIR] [--log-dir DIR] [--cgroup PATH]\n"
	"                 [--keep-cgroup yes|no] [UNIT...]\n"
	"Without UNIT the default target is started. Defaults: /etc/supd/supd.conf, /run/supd,\n"
	"/var/lib/supd, /var/log/supd.\n"
	"SIGTERM stops all and exits, SIGUSR2 exits and leaves the services to the next "
	"supd-init,\n"
	"SIGHUP loads the unit files again, SIGUSR1 executes supd-init anew.\n";

/*
 * Started by the kernel, or by an initramfs that is not ours (its /proc is there): supd-boot mounts
 * and comes back to us; its record says that it was there. Where it cannot leave one it is not
 * asked a second time.
 */
static bool is_first_program(void)
{
	if (getpid() != 1 || getenv(TABLE_ENVIRONMENT)) {
		return false;
	}
	return access("/proc/self/exe", F_OK) < 0 ||
	       (pidns_is_initial() && access(BOOTTIMES_PATH, F_OK) < 0 &&
		       access("/run", W_OK) == 0);
}

int main(int argc, char **argv)
{
	struct broker *b = &broker;
	int r = 1;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		return fd_write_full(STDOUT_FILENO, usage, sizeof(usage) - 1) == 0 ? 0 : 1;
	}
	if (is_first_program()) {
		execl(LIBEXECDIR "/supd-boot", "supd-boot", (char *)NULL);
		util_say("cannot execute", LIBEXECDIR "/supd-boot", errno);
	}
	r = argc < 1 ? 1 : start(b, argv);

	if (r >= 0 && b->machine) {
		rescue_start(b, "supd-init cannot start; the reason stands above");
	}
	if (r >= 0) {
		return r;
	}
	b->unswept = 1; /* ended before the signals were blocked */
	settle(b, true);
	while (b->phase != PHASE_FINAL) {
		turn(b);
		if (b->reexec) {
			reexec(b);
		}
	}
	return final_run(b);
}
