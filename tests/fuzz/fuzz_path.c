// SPDX-License-Identifier: MIT
/* Object paths of control clients: refused, or they come back from the name they name. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/unitname.h"
#include "../../supervisor/bus/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[LIMIT_UNIT_NAME], again[LIMIT_UNIT_NAME], path[BUS_PATH_MAX];
	char *text = malloc(size + 1);
	uint32_t id, same;

	if (!text) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = 0;
	if (bus_unit_name(text, name) == 0) {
		assert(unit_name_is_valid(name));
		bus_unit_path(name, path);
		assert(bus_unit_name(path, again) == 0 && strcmp(name, again) == 0);
	}
	if (bus_job_id(text, &id) == 0) {
		bus_job_path(id, path);
		assert(bus_job_id(path, &same) == 0 && same == id);
	}
	free(text);
	return 0;
}
