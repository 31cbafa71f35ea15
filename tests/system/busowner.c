// SPDX-License-Identifier: MIT
/* A service of Type=dbus: owns the name of argv[1], once the file argv[2] exists, for ever. */
#include <systemd/sd-bus.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;

	if (argc != 3 || sd_bus_open_system(&bus) < 0) {
		return 1;
	}
	while (access(argv[2], F_OK) < 0) {
		usleep(20000);
	}
	if (sd_bus_request_name(bus, argv[1], 0) < 0) {
		return 2;
	}
	for (;;) {
		if (sd_bus_process(bus, NULL) < 0 || sd_bus_wait(bus, UINT64_MAX) < 0) {
			return 3;
		}
	}
}
