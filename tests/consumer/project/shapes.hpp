#pragma once

/// A struct of the user's own, on both sides.
struct Rectangle {
  double width = 0, height = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(width, height);
  }
};
