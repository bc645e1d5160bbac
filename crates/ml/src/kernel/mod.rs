//! The arithmetic that training spends its time in, in a form for each instruction set.
//!
//! What is unsafe of the arithmetic lives here alone: every function for others checks its sizes, and its form for an
//! instruction set relies on that. Sizes come from networks, whose layers hold at most 2²⁶ values: their sums do not wrap.

mod buffer;
mod columns;
mod depthwise;
mod descent;
mod gather;
mod isa;
mod lanes;
mod narrow;
#[cfg(target_arch = "x86_64")]
mod narrow_square;
mod norm;
mod pointwise;
mod pool;
mod pooled;
mod product;
mod random;
mod sparse;
mod transpose;
mod winograd;

pub use buffer::Buffer;
pub use columns::{add_rows, fill_rows};
pub use depthwise::{DepthwiseShape, depthwise_forward, depthwise_input_gradient, depthwise_weight_gradient};
pub use descent::{Adam, adam, add_to};
pub use gather::{Live, LiveFilters, LiveLists, Pooling};
pub use isa::Isa;
pub(crate) use lanes::{PANEL, padded};
pub use narrow::{Narrow, narrow_weight_gradient};
pub use norm::{Norm, Sums, norm_sums, norm_width, normalize, normalize_gradient};
pub use pointwise::{Activated, Curve, activate, activate_gradient, softmax, softmax_gradient};
pub use pool::{PoolWindows, average_pool, average_pool_gradient, max_pool, max_pool_gradient};
pub use pooled::{Pooled, pooled_forward};
pub use product::{Product, multiply, multiply_over};
pub use random::{Stream, dropout, dropout_gradient};
pub use sparse::{LiveWindows, sparse_input_gradient, sparse_spread_gradient, sparse_weight_gradient};
pub use transpose::transpose;
pub use winograd::{
    KernelLayout, Outputs, Place, Tile, Winograd, WinogradGradient, winograd_forward, winograd_kernel_gradient,
    winograd_scratch, winograd_weight_gradient, winograd_weights,
};

/// The last of the places from which a kernel reads: what its check of sizes begins with.
fn furthest(places: &[usize]) -> usize {
    places.iter().copied().max().unwrap_or(0)
}
