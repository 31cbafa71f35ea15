// SPDX-License-Identifier: MIT
/*
 * Measures inside a virtual machine, whatever its PID 1 is.
 * usage: vm-mark say FIFO           one byte, then waits for ever: a service
 *        vm-mark count FIFO N FILE  when the N-th byte came, CLOCK_MONOTONIC in microseconds
 *        vm-mark pss                "PID NAME KIB" of every process
 *        vm-mark store FILE         opens it for writing, puts that into its descriptor store,
 * waits vm-mark vsock PORT FILE    appends what comes over AF_VSOCK; Type=notify vm-mark ask CID
 * PORT       one line to a vsock, prints the answer vm-mark orphans N          N processes that
 * nobody but PID 1 reaps, as fast as it goes; as /bin/sh of an initramfs: mounts /sysroot
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* after sys/socket.h, which it does not include */
#include <linux/vm_sockets.h>

static int say(const char *fifo)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "x", 1) != 1) {
		perror(fifo);
		return 1;
	}
	close(fd);
	for (;;) {
		pause();
	}
}

static int count(const char *fifo, int n, const char *file)
{
	int fd = open(fifo, O_RDWR | O_CLOEXEC);
	struct timespec now;
	char byte;

	while (n > 0 && read(fd, &byte, 1) == 1) {
		n--;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	FILE *out = fopen(file, "w");

	if (n > 0 || !out) {
		perror(n > 0 ? fifo : file);
		return 1;
	}
	fprintf(out, "%lld\n", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	fclose(out);
	for (;;) {
		pause();
	}
}

static void show(const char *pid)
{
	char path[300], name[64] = "", line[256];
	long kib = -1;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	FILE *f = fopen(path, "r");

	if (!f || !fgets(name, sizeof(name), f)) {
		name[0] = 0;
	}
	name[strcspn(name, "\n")] = 0;
	if (f) {
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%s/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		sscanf(line, "Pss: %ld", &kib);
	}
	if (f) {
		fclose(f);
	}
	if (kib >= 0) {
		printf("%s %s %ld\n", pid, name, kib);
	}
}

static int pss(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (isdigit((unsigned char)e->d_name[0])) {
			show(e->d_name);
		}
	}
	return dir ? 0 : 1;
}

static void notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (path && strlen(path) < sizeof(to.sun_path)) {
		strcpy(to.sun_path, path);
		if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
			perror(path);
		}
	}
	close(fd);
}

/* It is the store's alone then. */
static int store(const char *file)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[] = "FDSTORE=1\nREADY=1";
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec data = { text, sizeof(text) - 1 };
	struct msghdr message = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	if (!path || strlen(path) >= sizeof(to.sun_path)) {
		return 1;
	}
	strcpy(to.sun_path, path);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (fd < 0 || sendmsg(notify, &message, 0) < 0) {
		perror(file);
		return 1;
	}
	close(fd);
	for (;;) {
		pause();
	}
}

/* One message is one connection. */
static int take_vsock(unsigned port, const char *file)
{
	const struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port
	};
	int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int out = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (out < 0 || listener < 0 ||
		bind(listener, (const struct sockaddr *)&here, sizeof(here)) < 0 ||
		listen(listener, 64) < 0) {
		perror("vsock");
		return 1;
	}
	notify_ready();
	for (;;) {
		char text[1024];
		int fd = accept(listener, NULL, NULL);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (n > 0) {
			text[n++] = '\n';
			n = write(out, text, (size_t)n);
		}
		close(fd);
	}
}

static int ask_vsock(unsigned cid, unsigned port)
{
	const struct sockaddr_vm there = {
		.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[1024];
	ssize_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&there, sizeof(there)) < 0 ||
		write(fd, "question\n", 9) != 9) {
		perror("vsock");
		return 1;
	}
	while ((n = read(fd, text, sizeof(text))) > 0) {
		if (write(STDOUT_FILENO, text, (size_t)n) != n) {
			return 1;
		}
	}
	return n == 0 ? 0 : 1;
}

static int orphans(int n)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			_exit(fork() < 0); /* both end at once, the second without a parent */
		}
		int status = -1;

		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			perror("fork");
			return 1;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	double took =
		(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;

	printf("%.0f forks a second\n", 2 * n / took);
	return 0;
}

/* As /bin/sh of an initramfs: somebody who knows where the root file system is. */
static int mount_by_hand(void)
{
	mkdir("/sysroot", 0755);
	if (mount("/dev/nvme0n1", "/sysroot", "ext4", 0, NULL) < 0) {
		perror("/sysroot");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "/bin/sh") == 0) {
		return mount_by_hand();
	}
	if (argc == 3 && strcmp(argv[1], "say") == 0) {
		return say(argv[2]);
	}
	if (argc == 3 && strcmp(argv[1], "store") == 0) {
		return store(argv[2]);
	}
	if (argc == 5 && strcmp(argv[1], "count") == 0) {
		return count(argv[2], atoi(argv[3]), argv[4]);
	}
	if (argc == 2 && strcmp(argv[1], "pss") == 0) {
		return pss();
	}
	if (argc == 4 && strcmp(argv[1], "vsock") == 0) {
		return take_vsock((unsigned)atoi(argv[2]), argv[3]);
	}
	if (argc == 4 && strcmp(argv[1], "ask") == 0) {
		return ask_vsock((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	}
	if (argc == 3 && strcmp(argv[1], "orphans") == 0) {
		return orphans(atoi(argv[2]));
	}
	fputs("usage: vm-mark say FIFO | count FIFO N FILE | pss | store FILE | vsock PORT FILE | "
	      "ask CID PORT "
	      "| "
	      "orphans N\n",
		stderr);
	return 2;
}
