#include <gluster/plugin.hpp>

#include "shapes.hpp"

#include <cereal/types/vector.hpp>

/// The whole area of many shapes.
double area(const std::vector<Rectangle>& shapes) {
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (std::size_t i = 0; i < shapes.size(); ++i) sum += shapes[i].width * shapes[i].height;
  return sum;
}

GLUSTER_EXPORT(area)
