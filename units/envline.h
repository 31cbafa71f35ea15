// SPDX-License-Identifier: MIT
/* Environment=, PassEnvironment=, UnsetEnvironment=: quoted words with specifiers, checked. */
#pragma once

#include "execline.h"

enum envline_form {
	ENVLINE_ASSIGNMENTS, /* K=V */
	ENVLINE_NAMES,       /* K */
	ENVLINE_EITHER,      /* K or K=V */
};

struct envline {
	const char *value;
	enum envline_form form;
	const char *origin;
	const struct specifier_unit *specifiers;
};

/* Appends struct unit_item to *ret. 0, -EINVAL, -ENOMEM as execline_parse(). */
int envline_parse(const struct envline *line, struct arena *arena, struct list *ret,
	struct execline_error *ret_error);
