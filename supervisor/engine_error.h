// SPDX-License-Identifier: MIT
/* Why a request was refused. */
#pragma once

#include "../runtime/base/enumtable.h"

enum engine_error_code {
	ENGINE_OK,
	ENGINE_NO_SUCH_UNIT,
	ENGINE_BAD_UNIT, /* load state is bad-setting or error; text: the diagnostic */
	ENGINE_MASKED,
	ENGINE_CYCLE,          /* text: the whole path */
	ENGINE_CONFLICT,       /* jobs of the transaction contradict each other; text: unit */
	ENGINE_DESTRUCTIVE,    /* mode fail, or an irreversible job is queued */
	ENGINE_NOT_APPLICABLE, /* the unit's type cannot do this job (reload without ExecReload=) */
	ENGINE_ISOLATE_REFUSED,
	ENGINE_SHUTTING_DOWN,
	ENGINE_TOO_MANY_JOBS,
	ENGINE_NO_SUCH_JOB,
	ENGINE_ERROR_COUNT,
};
/* D-Bus error names without their prefix: "NoSuchUnit", "TransactionOrderIsCyclic" … */
ENUM_DECLARE(engine_error, enum engine_error_code);

struct engine_error {
	enum engine_error_code code;
	char text[1024];
};
