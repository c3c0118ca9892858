#pragma once
// Findings: every mistake of one playbook, so that its author gets them all at once. Bounded, since a
// generated playbook can repeat one mistake ten thousand times. One thread.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::language {

// Who has written the text that is read now: an author who can still mend it, or one whose text the catalog took long ago, by
// the rules of then. Executions of that one go on.
enum class Origin { author, catalog };

class Findings {
 public:
  static constexpr std::size_t kept_max = 100;

  explicit Findings(Origin origin = Origin::author) : origin_(origin) {}

  // Refuses the playbook.
  void error(std::string field, domain::SourceMark mark, std::string message, std::string suggestion = {});
  // What earlier releases let pass: a duration, a count or a retry that cannot be read, a key that nothing knows. An error; of a text
  // in the catalog a warning: the step that needs it fails.
  void refused(std::string field, domain::SourceMark mark, std::string message, std::string suggestion = {});
  // Is reported and lets the playbook pass.
  void warning(std::string field, domain::SourceMark mark, std::string message, std::string suggestion = {});
  void warning(base::ErrorDetail detail);

  [[nodiscard]] bool has_errors() const { return error_count_ > 0; }
  // More of a kind would only be counted: no need to compose them.
  [[nodiscard]] bool is_full_of_errors() const { return errors_.size() >= kept_max; }
  [[nodiscard]] bool is_full_of_warnings() const { return warnings_.size() >= kept_max; }
  [[nodiscard]] std::vector<base::ErrorDetail> take_warnings() { return std::move(warnings_); }
  [[nodiscard]] const std::vector<base::ErrorDetail>& errors() const { return errors_; }
  // More errors than are kept were found.
  [[nodiscard]] std::size_t error_count() const { return error_count_; }
  // invalid_playbook with every error in `details`, in the order of the text.
  [[nodiscard]] base::Error as_error() const;

 private:
  Origin origin_;
  std::vector<base::ErrorDetail> errors_;
  std::vector<base::ErrorDetail> warnings_;
  std::size_t error_count_ = 0;
};

// "did you mean 'x'?" for the candidate nearest to `name`, or empty when none is near enough.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// Whether `name` is one of `candidates` but for a letter or two, of long names: what nobody writes on purpose.
[[nodiscard]] bool is_slip_of(std::string_view name, std::span<const std::string_view> candidates);
// "step, tool, next"
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

// At most `bytes_max` bytes of a text, cut between characters.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t bytes_max);

}  // namespace noetl::language
