// SPDX-License-Identifier: MIT
/* The directories in which credentials are looked for by name, in the order that counts. */
#pragma once

#include <stddef.h>

#define CREDSTORES 6

/* The store, O_PATH; -ENOENT when it is not there. i < CREDSTORES */
int credstore_open(size_t i);
/* 1 if the machine itself was given a credential of this name, else 0: ConditionCredential=. */
int credstores_system_has(const char *name);
