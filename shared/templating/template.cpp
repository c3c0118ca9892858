#include "shared/templating/template.hpp"

#include <list>
#include <new>
#include <unordered_map>

#include "shared/base/guarded.hpp"
#include "shared/templating/compiled_template.hpp"
#include "shared/templating/syntax/lexer.hpp"

namespace noetl::templating {

base::Result<TemplatePtr> parse(std::string_view source, const Limits& limits) {
  try {
    return std::make_shared<const CompiledTemplate>(source, limits);
  } catch (const Failure& failure) {
    return base::failure(error_of(failure, source));
  } catch (const std::bad_alloc&) {
    return base::failure(base::ErrorCode::invalid_input, "the template needs more memory than there is");
  }
}

namespace {

// Least recently used goes first. A text that would crowd out many others is not kept.
class TemplateCache {
 public:
  TemplatePtr find(std::string_view source) {
    const auto found = index_.find(source);
    if (found == index_.end()) {
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->parsed;
  }

  void add(std::string_view source, TemplatePtr parsed) {
    const std::size_t bytes = source.size() + static_cast<const CompiledTemplate&>(*parsed).bytes();
    if (bytes > entry_bytes_max || index_.contains(source)) {
      return;
    }
    entries_.push_front(Entry{std::string(source), bytes, std::move(parsed)});
    index_.emplace(entries_.front().source, entries_.begin());
    bytes_ += bytes;
    while (entries_.size() > entries_max || bytes_ > bytes_max) {
      bytes_ -= entries_.back().bytes;
      index_.erase(entries_.back().source);
      entries_.pop_back();
    }
  }

 private:
  static constexpr std::size_t entries_max = 4096;
  // Parsed, a text takes ten to a hundred times its own size.
  static constexpr std::size_t bytes_max = 12 << 20;
  static constexpr std::size_t entry_bytes_max = 1 << 20;

  struct Entry {
    std::string source;
    std::size_t bytes;
    TemplatePtr parsed;
  };
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

// One per process by contract (template.hpp): what a text means depends on nothing else.
base::Guarded<TemplateCache>& cache() {
  static base::Guarded<TemplateCache> shared;
  return shared;
}

}  // namespace

base::Result<TemplatePtr> parse_cached(std::string_view source) {
  if (TemplatePtr known = cache().with([&](TemplateCache& held) { return held.find(source); })) {
    return known;
  }
  auto parsed = parse(source);
  if (parsed) {
    cache().with([&](TemplateCache& held) { held.add(source, *parsed); });
  }
  return parsed;
}

std::vector<std::string> expressions_of(std::string_view text) {
  if (has_no_tags(text) || !parse_cached(text)) return {};
  std::vector<std::string> found;
  std::size_t begin = 0;
  for (const Token& token : tokenize(text, Limits{}.parsed_bytes_max)) {
    if (token.kind == TokenKind::block_begin) return {};
    if (token.kind == TokenKind::output_begin) begin = token.offset;
    if (token.kind != TokenKind::output_end) continue;
    const std::size_t closing = text[token.offset] == '-' ? 3 : 2;
    found.emplace_back(text.substr(begin, token.offset + closing - begin));
  }
  return found;
}

}  // namespace noetl::templating
