// SPDX-License-Identifier: MIT
/*
 * The operation AUTOMOUNT. An autofs mount stands at the place; the kernel writes a packet into a
 * pipe for each process that must wait there, and the slot holds the pipe's reading end. What
 * waits is nowhere else: a look leaves the packets in the pipe, and only who answers takes them
 * out. So nobody waits in vain whatever dies in between.
 *
 * This worker and the mount program are in supd-init's process group, which the kernel lets
 * through; everybody else waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/auto_dev-ioctl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "dirs.h"
#include "launch.h"

#define AUTOFS_NODE "/dev/autofs"
#define OPTIONS_MAX 512u

/* Is it the autofs mount that one sees at the place, and nothing on it? -errno. */
static int is_bare(const char *where)
{
	AUTO_CLOSE int fd = open(where, O_PATH | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0) {
		return -errno;
	}
	return fs.f_type == AUTOFS_SUPER_MAGIC;
}

/* "fd=7,minproto=5,maxproto=5,direct", and ExtraOptions=. */
static int put_options(const struct launch *l, int fd, char *buf)
{
	const char *extra = l->plan.mount_options ? l->plan.mount_options : "";
	char digits[24];

	number_format_u64(digits, (uint64_t)fd);
	if (strlen(extra) + 64 > OPTIONS_MAX) {
		return -E2BIG;
	}
	strcpy(buf, "minproto=5,maxproto=5,direct,fd=");
	strcat(buf, digits);
	if (*extra) {
		strcat(buf, ",");
		strcat(buf, extra);
	}
	return 0;
}

/* An autofs mount of a former life, whose pipe is lost, makes room. */
static int mount_trap(struct launch *l, const struct plan_watch *row, int *ret_fd)
{
	const struct dir_owner owner = { 0, 0, row->dir_mode };
	AUTO_CLOSE int reading = -1;
	AUTO_CLOSE int writing = -1;
	char options[OPTIONS_MAX];
	int ends[2], r = is_bare(row->path);

	if (r == 1 && umount2(row->path, MNT_DETACH) < 0) {
		return launch_fail(l, -errno, row->origin, "take away autofs at ", row->path);
	}
	r = r == -ENOENT ? dir_make(row->path, &owner) : r;
	if (r < 0) {
		return launch_fail(l, r, row->origin, "make directory ", row->path);
	}
	if (pipe2(ends, O_CLOEXEC | O_DIRECT) < 0) {
		return launch_fail(l, -errno, row->origin, "pipe", NULL);
	}
	reading = ends[0];
	writing = ends[1];
	r = put_options(l, writing, options);
	if (r < 0) {
		return launch_fail(l, r, row->origin, "ExtraOptions= of ", row->path);
	}
	if (mount("supd", row->path, "autofs", 0, options) < 0) {
		return launch_fail(l, -errno, row->origin,
			errno == ENODEV ? "the kernel has no autofs: " : "mount autofs at ",
			row->path);
	}
	*ret_fd = TAKE_FD(reading);
	return 0;
}

static bool has_packet(int pipe)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* One process that waits goes on, or is told that there is nothing. */
static int answer_one(
	int node, const char *where, const union autofs_v5_packet_union *packet, bool good)
{
	uint8_t room[sizeof(struct autofs_dev_ioctl) + LIMIT_PATH];
	struct autofs_dev_ioctl *open_request = (void *)room;
	struct autofs_dev_ioctl reply;
	AUTO_CLOSE int fd = -1;

	memset(room, 0, sizeof(room));
	init_autofs_dev_ioctl(open_request);
	open_request->size = (uint32_t)(sizeof(*open_request) + strlen(where) + 1);
	open_request->openmount.devid = packet->v5_packet.dev;
	strcpy(open_request->path, where);
	if (ioctl(node, AUTOFS_DEV_IOCTL_OPENMOUNT, open_request) < 0) {
		return -errno;
	}
	fd = open_request->ioctlfd;
	init_autofs_dev_ioctl(&reply);
	reply.ioctlfd = fd;
	if (good) {
		reply.ready.token = (uint32_t)packet->v5_packet.wait_queue_token;
		return ioctl(node, AUTOFS_DEV_IOCTL_READY, &reply) < 0 ? -errno : 0;
	}
	reply.fail.token = (uint32_t)packet->v5_packet.wait_queue_token;
	reply.fail.status = -ENOENT;
	return ioctl(node, AUTOFS_DEV_IOCTL_FAIL, &reply) < 0 ? -errno : 0;
}

static int answer_all(struct launch *l, const struct plan_watch *row, int pipe, bool good)
{
	union autofs_v5_packet_union packet;
	AUTO_CLOSE int node = -1;
	int r;

	while (has_packet(pipe)) {
		ssize_t n = read(pipe, &packet, sizeof(packet));

		if (n < (ssize_t)offsetof(struct autofs_v5_packet, name)) {
			return launch_fail(l, n < 0 ? -errno : -EBADMSG, row->origin,
				"packet of autofs at ", row->path);
		}
		node = node >= 0 ? node : open(AUTOFS_NODE, O_RDWR | O_CLOEXEC);
		r = node < 0 ? -errno : answer_one(node, row->path, &packet, good);
		/* Who waited may have been killed meanwhile. */
		if (r < 0 && r != -EINVAL && r != -ENOENT) {
			return launch_fail(l, r, row->origin, "answer at ", row->path);
		}
	}
	return 0;
}

/*
 * Unmounts what nobody has used since the last time that this was asked; busy is no error. Whether
 * the place is bare then; it is not looked at when not, for a look is a use.
 */
static int expire(const char *where)
{
	return umount2(where, MNT_EXPIRE | UMOUNT_NOFOLLOW) == 0 ? is_bare(where) : 0;
}

/* With what is mounted on it, as systemd does: autofs alone would hold up for ever who comes. */
static int take_away(struct launch *l, const struct plan_watch *row)
{
	int bare = is_bare(row->path);

	if (bare == 0 && l->n_listen && umount2(row->path, MNT_DETACH) == 0) {
		bare = is_bare(row->path);
	}
	if (bare == 1 && umount2(row->path, MNT_DETACH) < 0) {
		return launch_fail(l, -errno, row->origin, "take away autofs at ", row->path);
	}
	return 0;
}

int launch_op_automount(struct launch *l, int32_t *ret_value)
{
	static const uint32_t tag = LAUNCH_TAG_WATCH;
	const struct plan_watch *row = l->plan.watches.items;
	uint32_t asked = l->job.params.watch_state;
	AUTO_CLOSE int pipe = -1;
	int bare, r = 0;

	*ret_value = 0;
	if (asked & WIRE_WATCH_STOP) {
		return take_away(l, row);
	}
	if (l->n_listen) {
		pipe = fcntl(l->listen[0], F_DUPFD_CLOEXEC, 3);
		r = pipe < 0 ? launch_fail(l, -errno, row->origin, "pipe", NULL) : 0;
	} else {
		r = mount_trap(l, row, &pipe);
	}
	if (r < 0) {
		return r;
	}
	bare = asked & WIRE_WATCH_EXPIRE ? expire(row->path) : is_bare(row->path);
	if (bare < 0) {
		return launch_fail(l, bare, row->origin, "look at ", row->path);
	}
	if (!bare || (asked & WIRE_WATCH_FRESH)) {
		r = answer_all(l, row, pipe, !bare);
	}
	*ret_value = bare && has_packet(pipe) ? 1 << WIRE_WATCH_GOOD_SHIFT : 0;
	r = r < 0 ? r : launch_report_fds(l, &tag, &pipe, 1);
	return r;
}
