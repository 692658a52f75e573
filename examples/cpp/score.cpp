// Scores a CSV of numbers with the compiled code of a .pt2, without Python:
//
//   score MODEL.pt2 METHOD INPUT.csv OUTPUT.csv
//
// The model comes from sk2torch.export(model, "MODEL.pt2", aot=True). INPUT has a line of names, then the numbers that
// the model takes (what model.encode(table) gives); an empty cell is a missing value. OUTPUT has one line per row.

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;
using torch::inductor::AOTIModelPackageLoader;

namespace {

constexpr int64_t kBatch = 4096;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t start = 0;;) {
    const size_t end = line.find(',', start);
    cells.push_back(line.substr(start, end - start));
    if (end == std::string_view::npos) return cells;
    start = end + 1;
  }
}

double number(std::string_view cell) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) {
    throw Failure("'" + std::string(cell) + "' is not a number");
  }
  return value;
}

// The rows of a CSV, a batch at a time.
class Table {
 public:
  explicit Table(const fs::path& path) : path_(path), file_(path) {
    if (!file_) throw Failure(path.string() + ": cannot be read");
    if (!next_line()) throw Failure(path.string() + ": is empty; expected a line of column names");
    width = static_cast<int64_t>(cells_of(line_).size());
  }

  // Appends the numbers of at most `rows` rows; how many there were.
  int64_t read(int64_t rows, std::vector<double>& numbers) {
    int64_t count = 0;
    for (; count < rows && next_line(); ++count) {
      const auto cells = cells_of(line_);
      if (static_cast<int64_t>(cells.size()) != width) {
        throw Failure(place() + ": expected " + std::to_string(width) + " cells, got " + std::to_string(cells.size()));
      }
      for (size_t k = 0; k < cells.size(); ++k) {
        try {
          numbers.push_back(number(cells[k]));
        } catch (const Failure& failure) {
          throw Failure(place() + ", column " + std::to_string(k + 1) + ": " + failure.what());
        }
      }
    }
    if (file_.bad()) throw Failure(path_.string() + ": reading failed");
    return count;
  }

  int64_t width = 0;

 private:
  bool next_line() {
    if (!std::getline(file_, line_)) return false;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    ++number_;
    return true;
  }

  std::string place() const { return path_.string() + ", line " + std::to_string(number_); }

  fs::path path_;
  std::ifstream file_;
  std::string line_;
  int64_t number_ = 0;
};

// A compiled method. Its code does not check what it is given: the archive says what it takes.
class Model {
 public:
  Model(const std::string& path, const std::string& method) : loader_(path, method) {
    const auto about = loader_.get_metadata();
    const auto shape = about.find("input_shape"), dtype = about.find("input_dtype");
    if (shape == about.end() || dtype == about.end()) throw Failure(path + ": was not written by sk2torch");
    const auto sizes = cells_of(shape->second);
    if (sizes.size() != 2 || sizes[0] != "-1") throw Failure(method + ": does not take a table of numbers");
    width = static_cast<int64_t>(number(sizes[1]));
    if (dtype->second != "float64" && dtype->second != "float32") throw Failure(method + ": takes " + dtype->second);
    dtype_ = dtype->second == "float32" ? at::kFloat : at::kDouble;
  }

  std::vector<at::Tensor> operator()(std::vector<double>& numbers, int64_t rows) {
    auto results = loader_.run({at::from_blob(numbers.data(), {rows, width}, at::kDouble).to(dtype_)});
    for (auto& result : results) {
      if (result.dim() < 1 || result.dim() > 2 || result.size(0) != rows) {
        throw Failure("this method gives no table with a line per row");
      }
      result = (result.dim() == 1 ? result.unsqueeze(1) : result).contiguous();
    }
    return results;
  }

  // Columns of the table; -1 for any number.
  int64_t width = 0;

 private:
  AOTIModelPackageLoader loader_;
  at::ScalarType dtype_ = at::kDouble;
};

template <typename T>
void put(std::string& text, T value) {
  char digits[64];
  // The shortest text that reads back as the same number.
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void put_cell(std::string& text, const at::Tensor& result, int64_t place) {
  switch (result.scalar_type()) {
    case at::kDouble: return put(text, result.const_data_ptr<double>()[place]);
    case at::kFloat: return put(text, result.const_data_ptr<float>()[place]);
    case at::kLong: return put(text, result.const_data_ptr<int64_t>()[place]);
    case at::kBool: return put(text, int(result.const_data_ptr<bool>()[place]));
    default: throw Failure(std::string("results of type ") + c10::toString(result.scalar_type()) + " are not written");
  }
}

std::string header(const std::vector<at::Tensor>& results, const std::string& method) {
  std::string text;
  for (size_t k = 0; k < results.size(); ++k) {
    const std::string name = results.size() > 1 ? method + "_" + std::to_string(k) : method;
    for (int64_t column = 0; column < results[k].size(1); ++column) {
      text += (text.empty() ? "" : ",") + name;
      if (results[k].size(1) > 1) text += "_" + std::to_string(column);
    }
  }
  return text + "\n";
}

std::string lines(const std::vector<at::Tensor>& results, int64_t rows) {
  std::string text;
  for (int64_t row = 0; row < rows; ++row) {
    const size_t start = text.size();
    for (const auto& result : results) {
      for (int64_t column = 0; column < result.size(1); ++column) {
        if (text.size() > start) text += ',';
        put_cell(text, result, row * result.size(1) + column);
      }
    }
    text += '\n';
  }
  return text;
}

int64_t score(const std::string& package, const std::string& method, const fs::path& input, std::ostream& output) {
  if (!fs::is_regular_file(package)) throw Failure(package + ": no such file");
  Table table(input);
  Model model(package, method);
  if (model.width >= 0 && table.width != model.width) {
    throw Failure(input.string() + ": has " + std::to_string(table.width) + " columns, the model takes " +
                  std::to_string(model.width));
  }
  model.width = table.width;
  std::vector<double> numbers;
  int64_t total = 0;
  for (bool first = true;; first = false) {
    numbers.clear();
    const int64_t rows = table.read(kBatch, numbers);
    if (rows == 0 && !first) return total;
    const auto results = model(numbers, rows);
    if (first) output << header(results, method);
    output << lines(results, rows);
    total += rows;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: score MODEL.pt2 METHOD INPUT.csv OUTPUT.csv\n";
    return 2;
  }
  const fs::path target = arguments[4], temporary = target.string() + ".part";
  try {
    const c10::InferenceMode inference;
    std::ofstream output(temporary, std::ios::binary);
    const int64_t rows = score(arguments[1], arguments[2], arguments[3], output);
    output.close();
    if (!output) throw Failure(temporary.string() + ": cannot be written");
    fs::rename(temporary, target);
    std::cerr << rows << " rows\n";
    return 0;
  } catch (const c10::Error& error) {
    std::cerr << "score: " << error.what_without_backtrace() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "score: " << error.what() << "\n";
  }
  std::error_code ignored;
  fs::remove(temporary, ignored);
  return 1;
}
