#include "worker/tools/transfer/transfer_tool.hpp"

#include <algorithm>
#include <array>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using transfer::Chunk;
using transfer::End;
using transfer::Outcome;

constexpr std::array<OptionSpec, 5> option_table{{
    {"source", "map",
     "{type: postgres, auth, query or table, params}, {type: duckdb, database, query or table}, {type: http, "
     "url, data_path, …}, {type: csv, parquet or json, path}; of csv also header: true or false, and delimiter"},
    {"target", "map",
     "{type: postgres, auth, table, mode: append, replace or upsert, key}, {type: duckdb, database, table, "
     "mode}, {type: http, url, body_key, …}, {type: csv, parquet or json, path}"},
    {"mapping", "map",
     "column of the target to column of the source, dotted into maps; default: all under their names; also "
     "in `target`"},
    {"chunk_size", "number", "rows that are held at once, 1 to 100000; default 5000"},
    {"batch_size", "number", "the same as `chunk_size`"},
}};

base::Result<End> end_of(const ToolCall& call, const std::string& name,
                         std::chrono::steady_clock::time_point deadline) {
  const Json* spec = find_option(call, {name});
  if (spec == nullptr || !spec->is_object()) {
    return base::failure(base::ErrorCode::invalid_input,
                         "tool transfer needs the option '" + name + "', a map with 'type'", name);
  }
  End end{.call = call, .type = auth_field(*spec, {"type", "kind", "tool"})};
  end.call.tool = *spec;
  end.call.input = Json::object();
  end.call.deadline = deadline;
  if (end.type == "pg" || end.type == "postgresql") end.type = "postgres";
  if (end.type == "file") {
    const std::string path = auth_field(*spec, {"path", "file", "uri"});
    end.type = path.substr(std::min(path.rfind('.'), path.size() - 1) + 1);
  }
  return end;
}

const Json* mapping_of(const ToolCall& call) {
  if (const Json* own = find_option(call, {"mapping"})) return own;
  const Json* target = find_option(call, {"target"});
  return target != nullptr && target->is_object() && target->contains("mapping") ? &target->at("mapping") : nullptr;
}

// Which column of the source, and where in it, each column of the target comes from.
struct Pick {
  std::string column;
  std::size_t from = 0;
  std::string path;  // into a map; dotted
};

Outcome<std::vector<Pick>> picks_of(const Json& mapping, const std::vector<transfer::Column>& columns) {
  std::vector<Pick> picks;
  const auto column_at = [&](std::string_view name) {
    return std::find_if(columns.begin(), columns.end(), [&](const transfer::Column& one) { return one.name == name; });
  };
  for (const auto& [column, source] : mapping.items()) {
    std::string path = scalar_text(source).value_or(column);
    auto found = column_at(path);
    Pick pick{.column = column, .from = 0, .path = {}};
    if (found == columns.end()) {
      const std::size_t dot = path.find('.');
      found = column_at(path.substr(0, dot));
      if (dot < path.size()) pick.path = path.substr(dot + 1);
    }
    if (found == columns.end()) {
      return tl::unexpected(error_of("invalid_input", "option 'mapping': the source has no column '" + path + "'"));
    }
    pick.from = static_cast<std::size_t>(found - columns.begin());
    picks.push_back(std::move(pick));
  }
  return picks;
}

Outcome<Chunk> mapped(Chunk chunk, const Json* mapping) {
  if (mapping == nullptr || !mapping->is_object() || mapping->empty() || (chunk.columns.empty() && chunk.rows.empty()))
    return chunk;
  const auto picks = picks_of(*mapping, chunk.columns);
  if (!picks) return tl::unexpected(picks.error());
  Chunk result;
  for (const Pick& pick : *picks) {
    result.columns.push_back(
        {.name = pick.column, .declared = pick.path.empty() ? chunk.columns[pick.from].declared : ""});
  }
  for (const auto& row : chunk.rows) {
    std::vector<transfer::Cell> picked;
    for (const Pick& pick : *picks) picked.push_back(transfer::cell_at(row[pick.from], pick.path));
    result.rows.push_back(std::move(picked));
  }
  return result;
}

ToolResult failed_with(domain::ToolError error, const std::string& where) {
  error.message = where + ": " + error.message;
  return failed(std::move(error));
}

}  // namespace

std::span<const OptionSpec> TransferTool::options() const { return option_table; }

ToolResult TransferTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return move_rows(call); });
}

ToolResult TransferTool::move_rows(const ToolCall& call) {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  const auto size_option = find_option(call, {"chunk_size"}) != nullptr ? "chunk_size" : "batch_size";
  const auto rows_max = integer_option(call, size_option, 5000, 1, 100'000);
  if (!rows_max) return failed(rows_max.error());
  const auto source = end_of(call, "source", *deadline);
  if (!source) return failed(source.error());
  const auto destination = end_of(call, "target", *deadline);
  if (!destination) return failed(destination.error());
  const Json* mapping = mapping_of(call);
  auto target = transfer::open_target(peers_, *destination);
  if (!target) return failed_with(target.error(), "transfer, target");

  std::size_t rows = 0;
  std::size_t chunks = 0;
  bool is_target_at_fault = false;
  std::vector<std::string> columns;
  const auto read =
      transfer::read_source(peers_, *source, static_cast<std::size_t>(*rows_max), [&](Chunk chunk) -> Outcome<void> {
        auto wanted = mapped(std::move(chunk), mapping);
        if (!wanted) return tl::unexpected(wanted.error());
        columns.clear();
        for (const auto& column : wanted->columns) {
          if (std::find(columns.begin(), columns.end(), column.name) != columns.end())
            return tl::unexpected(
                error_of("invalid_input", "two columns are named '" + column.name + "': give them names of their own"));
          columns.push_back(column.name);
        }
        if (columns.empty()) return {};  // an empty list from HTTP: nothing is known of its rows
        auto taken = (*target)->take(*wanted);
        is_target_at_fault = !taken;
        rows += wanted->rows.size();
        chunks += wanted->rows.empty() ? 0 : 1;
        if (taken && call.progress != nullptr)
          call.progress->tell({.fraction = {}, .rows = static_cast<std::int64_t>(rows), .text = {}});
        return taken;
      });
  const std::string after = " after " + std::to_string(rows) + " rows";
  if (!read)
    return failed_with(read.error(), is_target_at_fault ? "transfer, target" + after : "transfer, source" + after);
  if (!columns.empty()) {
    if (auto finished = (*target)->finish(); !finished) return failed_with(finished.error(), "transfer, end" + after);
  }
  ToolResult result = completed(to_text(Json{{"status", "success"},
                                             {"row_count", rows},
                                             {"rows_transferred", rows},
                                             {"chunks", chunks},
                                             {"columns", columns},
                                             {"source", source->type},
                                             {"target", destination->type}}));
  result.output = std::to_string(rows) + " rows in " + std::to_string(chunks) + " chunks from " + source->type +
                  " to " + destination->type + "\n";
  return result;
}

}  // namespace noetl::tools
