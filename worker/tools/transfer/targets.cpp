#include "worker/tools/auth.hpp"
#include "worker/tools/decimal.hpp"
#include "worker/tools/results.hpp"
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools::transfer {

namespace {

// As the postgres tool gives it: a number where a double holds it exactly, else a text.
Json tree_of(const Cell& cell) {
  std::string text;
  if (cell.shape == Cell::Shape::number) {
    append_decimal(text, cell.text, NumericAs::exact);
  } else {
    text = json_text(cell);
  }
  return Json::parse(text, nullptr, false);
}

// A request for each chunk. What has been sent cannot be taken back.
class HttpTarget final : public Target {
 public:
  HttpTarget(Tool& http, ToolCall call)
      : http_(http), call_(std::move(call)), member_(auth_field(call_.tool, {"body_key"})) {
    call_.tool["kind"] = "http";
    if (!call_.tool.contains("method")) call_.tool["method"] = "POST";
    for (const char* own : {"type", "mapping", "body_key", "mode", "table"}) call_.tool.erase(own);
  }
  Outcome<void> take(const Chunk& chunk) override {
    if (chunk.rows.empty()) return {};
    Json list = Json::array();
    for (const auto& row : chunk.rows) {
      Json item = Json::object();
      for (std::size_t i = 0; i < chunk.columns.size(); ++i) item[chunk.columns[i].name] = tree_of(row[i]);
      list.push_back(std::move(item));
    }
    call_.tool["json"] = member_.empty() ? std::move(list) : Json{{member_, std::move(list)}};
    const ToolResult sent = http_.run(call_);
    if (sent.error) return tl::unexpected(*sent.error);
    return {};
  }
  Outcome<void> finish() override { return {}; }

 private:
  Tool& http_;
  ToolCall call_;
  std::string member_;
};

}  // namespace

Outcome<std::unique_ptr<Target>> open_target(const Peers& peers, const End& end) {
  if (end.type == "postgres") return open_postgres(peers, end.call);
  if (end.type == "duckdb") return open_duckdb(peers, end.call);
  if (is_file_type(end.type)) return open_file(peers, end);
  if (end.type == "http") return std::make_unique<HttpTarget>(peers.http, end.call);
  return tl::unexpected(error_of("unsupported", "the target of tool transfer is of type '" + end.type +
                                                    "'; known are postgres, duckdb, http, csv, parquet and json"));
}

}  // namespace noetl::tools::transfer
