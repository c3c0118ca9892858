#pragma once
// Names and defaults of what lives in JetStream: streams, subjects, durable consumers (docs/reference/protocol.md). The
// default pool is the bare subject of NoETL v1. Pure; any thread.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::wire {

inline constexpr std::string_view commands_stream = "NOETL_COMMANDS";
inline constexpr std::string_view commands_subject = "noetl.commands";
inline constexpr std::string_view commands_consumer = "noetl-worker-pool";
inline constexpr std::string_view events_stream = "NOETL_EVENTS";
inline constexpr std::string_view events_subject = "noetl.events";
inline constexpr std::string_view dead_stream = "NOETL_DEAD";
inline constexpr std::string_view dead_subject = "noetl.dead";

inline constexpr std::chrono::seconds stream_age_max{3600};
inline constexpr std::chrono::seconds dead_age_max{14 * 24 * 3600};
inline constexpr std::chrono::seconds consumer_ack_wait{30};
inline constexpr int consumer_deliveries_max = 3;  // of a notification in the first lane
inline constexpr int consumer_acks_pending_max = 20'000;  // must exceed workers × slots, or delivery stalls silently

// `pool` must be a pool's name (names.hpp, is_pool_name): it becomes one token of a subject.
// `base`: the name for the default pool, which is a setting.
[[nodiscard]] std::string commands_subject_of(
    std::string_view pool,
    std::string_view base = commands_subject);  // noetl.commands | noetl.commands.<pool>
[[nodiscard]] std::string commands_consumer_of(
    std::string_view pool,
    std::string_view base = commands_consumer);  // noetl-worker-pool | noetl-worker-pool-<pool>

// The pool whose consumer, of whichever lane, has that name; nothing: it is none of ours, or the default pool's.
[[nodiscard]] std::optional<std::string> pool_of_consumer(std::string_view consumer,
                                                          std::string_view base = commands_consumer);

// Lanes: the notifications of a pool have several subjects, each with its consumer, so that a group with a million commands does not
// stand before a group with one (docs/reference/protocol.md, "Lanes"). A notification goes into a lane by how many its group has waiting.
inline constexpr std::size_t lanes = 3;
inline constexpr std::size_t lane_commands_max = 32;  // named by one notification of a later lane
using LaneBacklogs =
    std::array<std::uint64_t, lanes - 1>;  // so many of a group have room in each; the others in the last lane
inline constexpr LaneBacklogs lane_backlog_max{100, 10'000};
// Of one before which so many of its group are in line.
[[nodiscard]] std::size_t lane_of(std::uint64_t backlog, const LaneBacklogs& backlog_max = lane_backlog_max);
// The first lane is the pool's own subject and consumer.
[[nodiscard]] std::string lane_subject_of(std::string_view pool, std::size_t lane,
                                          std::string_view base = commands_subject);  // noetl.commands.<pool>.lane1
// `consumer`: the pool's own.
[[nodiscard]] std::string lane_consumer_of(std::string_view consumer, std::size_t lane);  // <consumer>:lane1

[[nodiscard]] std::string dead_subject_of(std::string_view pool);  // noetl.dead.<pool>
[[nodiscard]] std::vector<std::string> commands_stream_subjects(
    std::string_view base = commands_subject);  // noetl.commands, noetl.commands.>
[[nodiscard]] std::vector<std::string> dead_stream_subjects();  // noetl.dead.>

// What JetStream says when it gives a notification up, kept for upkeep: a stream beside that of the commands.
inline constexpr std::string_view advisories_consumer = "noetl-upkeep";
inline constexpr std::chrono::seconds advisories_age_max{24 * 3600};
[[nodiscard]] std::string advisories_stream_of(std::string_view stream);  // <stream>_ADVISORIES
[[nodiscard]] std::string advisories_subject_of(std::string_view stream);  // $JS.EVENT.ADVISORY.….<stream>.*

}  // namespace noetl::wire
