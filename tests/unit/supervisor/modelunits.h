// SPDX-License-Identifier: MIT
/* The units of the model test as two manifests that differ in the units' order. */
#pragma once

#include "modelworld.h"

/* Entries: unit * 16 + index of the command; these three are workers. */
#define ENTRY_READPID 13u
#define ENTRY_CHECK   14u
#define ENTRY_CLEAN   15u

const struct manifest *model_manifest(uint32_t catalogue);
uint32_t model_unit_index(uint32_t catalogue, uint32_t index);
