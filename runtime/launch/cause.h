// SPDX-License-Identifier: MIT
/*
 * Why the unit was started: TRIGGER_… (a timer or path) and MONITOR_… (the service whose OnFailure=
 * or OnSuccess= it is), as in systemd.exec(5). supd tells numbers; the names are the catalogue's.
 */
#pragma once

struct launch;

/* Launch step, while the host's paths are there: names the units and the path of launch_job.cause.
 */
int launch_name_cause(struct launch *l);
/* Part of the environment. */
int launch_put_cause(struct launch *l);
