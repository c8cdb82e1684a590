//! Eigenvalues of small symmetric matrices, by Jacobi's rotations (Golub & Van Loan 2013, section 8.5).

/// Eigenvalues and eigenvectors (`vectors[k]` belongs to `values[k]`) of a symmetric matrix.
#[derive(Clone, Debug)]
pub(super) struct Eigen {
    pub values: Vec<f64>,
    pub vectors: Vec<Vec<f64>>,
}

impl Eigen {
    /// Decomposes a symmetric matrix.
    pub fn new(matrix: &[Vec<f64>]) -> Eigen {
        let n = matrix.len();
        let mut a = matrix.to_vec();
        let mut v: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
            .collect();
        for _ in 0..100 {
            let mut largest = 0.0f64;
            for p in 0..n {
                for q in p + 1..n {
                    largest = largest.max(a[p][q].abs());
                    rotate(&mut a, &mut v, p, q);
                }
            }
            if largest < 1e-14 {
                break;
            }
        }
        let values = (0..n).map(|i| a[i][i]).collect();
        let vectors = (0..n).map(|k| (0..n).map(|i| v[i][k]).collect()).collect();
        Eigen { values, vectors }
    }

    /// Applies the function to the eigenvalues: `V f(D) Vᵀ x`.
    pub fn apply(&self, x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; x.len()];
        for (value, vector) in self.values.iter().zip(&self.vectors) {
            let along: f64 = vector.iter().zip(x).map(|(a, b)| a * b).sum();
            let weight = f(*value) * along;
            for (o, component) in out.iter_mut().zip(vector) {
                *o += weight * component;
            }
        }
        out
    }
}

/// One rotation that makes `a[p][q]` zero.
fn rotate(a: &mut [Vec<f64>], v: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let sign = if theta >= 0.0 { 1.0 } else { -1.0 };
    let t = sign / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut().chain(v.iter_mut()) {
        let (x, y) = (row[p], row[q]);
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
    // The same for the two rows.
    let (upper, lower) = a.split_at_mut(q);
    for (x, y) in upper[p].iter_mut().zip(&mut lower[0]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::Eigen;

    #[test]
    fn a_matrix_is_rebuilt_from_its_parts() {
        let m = vec![
            vec![4.0, 1.0, -2.0],
            vec![1.0, 2.0, 0.0],
            vec![-2.0, 0.0, 3.0],
        ];
        let eigen = Eigen::new(&m);
        let x = [0.3, -1.2, 2.0];
        let back = eigen.apply(&x, |e| e);
        for (row, got) in m.iter().zip(&back) {
            let want: f64 = row.iter().zip(&x).map(|(a, b)| a * b).sum();
            assert!((want - got).abs() < 1e-12, "{want} {got}");
        }
        let solved = eigen.apply(&back, |e| 1.0 / e);
        assert!(solved.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
