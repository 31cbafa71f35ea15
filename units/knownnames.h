// SPDX-License-Identifier: MIT
/* systemd's settings that have no row in the table of settings, by name: systemd 256. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct known_name {
	const char *name;
	unsigned sections; /* enum setting_section */
	bool confines;     /* without it the unit would be less confined than written */
};

/* Sorted by name. */
const struct known_name *known_names(size_t *ret_n);
