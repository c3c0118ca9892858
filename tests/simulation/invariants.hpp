#pragma once
// Invariants: what must hold whatever went wrong. Those of single rows are checked with every write (model/database);
// here are those of answers, and what must be true when the faults have stopped and everything has had time to end.
#include <string>

#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/report.hpp"
#include "tests/simulation/world.hpp"

namespace noetl::simulation {

// A claim's answer gives no lease that was never written (R2).
void check_claim(World& world, const std::string& worker_id, const wire::ClaimAnswer& answer);
// Keeps what a report was answered, for check_end (R1).
void promise_reports(World& world, const wire::ReportRequest& request, const wire::ReportAnswer& answer);

// What has not ended; empty when everything has.
[[nodiscard]] std::string unfinished(const Database& database);
// R1, R3, R4, R5, R7, R8 over the whole database. Tells world.trace what is broken.
void check_end(World& world);

}  // namespace noetl::simulation
