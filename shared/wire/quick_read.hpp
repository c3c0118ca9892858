#pragma once
// The three bodies that travel with every batch of commands, read without a tree when they look as our own programs write
// them: a tree of each costs more than all the rest of a command. Nothing, when anything about one is unusual:
// then parse_body and the decoders of claim_json and report_json read it, and say what is wrong. Pure; any thread.
#include <optional>
#include <string_view>

#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::wire {

// `text` within its bounds of size and depth: check_body (parse_body.hpp) has passed it.
[[nodiscard]] std::optional<ClaimAnswer> quick_claim_answer(std::string_view text);
[[nodiscard]] std::optional<ReportRequest> quick_report_request(std::string_view text);  // a batch of ends
[[nodiscard]] std::optional<ReportAnswer> quick_report_answer(std::string_view text);

}  // namespace noetl::wire
