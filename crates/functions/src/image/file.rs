//! PNG and JPEG files to pixels from 0 to 255, within bounds that a hostile file cannot pass.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Pixels an image may have to be decoded.
const PIXELS_MAX: u64 = 1 << 26;
/// Bytes the decoder may hold for one image.
const DECODER_BYTES_MAX: u64 = 1 << 29;

/// A decoded file: `pixels` are row-major `[height, width, channels]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Decoded {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub pixels: Vec<f32>,
}

/// Decodes a file, keeping its channels (1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha) unless others are wanted.
///
/// Sixteen-bit values are scaled to 0…255. The error is a cause to be put behind "could not decode image".
pub(super) fn decode(bytes: &[u8], channels: Option<usize>) -> Result<Decoded, String> {
    let decoder = decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    let image = DynamicImage::from_decoder(decoder).map_err(cause)?;
    let file_channels = usize::from(image.color().channel_count());
    let wanted = channels.unwrap_or(file_channels);
    let pixels = convert_channels(values(image), file_channels, wanted);
    Ok(Decoded { height: height as usize, width: width as usize, channels: wanted, pixels })
}

/// The number of values that a file decodes to, as its head says; `None` for one that cannot be decoded.
pub(super) fn values_of(bytes: &[u8], channels: Option<usize>) -> Option<usize> {
    let decoder = decoder(bytes).ok()?;
    let (width, height) = decoder.dimensions();
    let channels = channels.unwrap_or_else(|| usize::from(decoder.color_type().channel_count()));
    (width as usize).checked_mul(height as usize)?.checked_mul(channels)
}

/// Reads a file's head.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err("it is neither PNG nor JPEG".to_owned());
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(cause)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(format!("{width}×{height} pixels are more than {PIXELS_MAX}"));
    }
    Ok(decoder)
}

/// Brings row-major pixels from one number of channels to another: colours to grey by the weights of ITU-R BT.709, grey
/// to equal colours, alpha dropped, or added as 255.
pub(super) fn convert_channels(pixels: Vec<f32>, from: usize, to: usize) -> Vec<f32> {
    if from == to {
        return pixels;
    }
    let mut converted = Vec::with_capacity(pixels.len() / from * to);
    for pixel in pixels.chunks_exact(from) {
        let alpha = if from.is_multiple_of(2) { pixel[from - 1] } else { 255.0 };
        let colors = if from < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
        let grey = if from < 3 { pixel[0] } else { 0.2126 * colors[0] + 0.7152 * colors[1] + 0.0722 * colors[2] };
        match to {
            1 => converted.push(grey),
            2 => converted.extend([grey, alpha]),
            3 => converted.extend(colors),
            _ => converted.extend([colors[0], colors[1], colors[2], alpha]),
        }
    }
    converted
}

fn values(image: DynamicImage) -> Vec<f32> {
    let bytes = |bytes: Vec<u8>| bytes.into_iter().map(f32::from).collect();
    let words = |words: Vec<u16>| words.into_iter().map(|word| f32::from(word) / 257.0).collect();
    match image {
        DynamicImage::ImageLuma8(image) => bytes(image.into_raw()),
        DynamicImage::ImageLumaA8(image) => bytes(image.into_raw()),
        DynamicImage::ImageRgb8(image) => bytes(image.into_raw()),
        DynamicImage::ImageRgba8(image) => bytes(image.into_raw()),
        DynamicImage::ImageLuma16(image) => words(image.into_raw()),
        DynamicImage::ImageLumaA16(image) => words(image.into_raw()),
        DynamicImage::ImageRgb16(image) => words(image.into_raw()),
        DynamicImage::ImageRgba16(image) => words(image.into_raw()),
        other => match other.color().channel_count() {
            1 => bytes(other.into_luma8().into_raw()),
            2 => bytes(other.into_luma_alpha8().into_raw()),
            3 => bytes(other.into_rgb8().into_raw()),
            _ => bytes(other.into_rgba8().into_raw()),
        },
    }
}

fn cause(error: image::ImageError) -> String {
    match error {
        image::ImageError::Limits(_) => format!("decoding it would take more than {DECODER_BYTES_MAX} bytes"),
        other => other.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    pub fn png(width: u32, height: u32, value: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let image = GrayImage::from_fn(width, height, |x, y| Luma([value(x, y)]));
        encode(image.into(), ImageFormat::Png)
    }

    pub fn encode(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(vec![]);
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_grey_png_keeps_its_values() {
        let image = decode(&png(3, 2, |x, y| (10 * y + x) as u8), None).unwrap();
        assert_eq!((image.height, image.width, image.channels), (2, 3, 1));
        assert_eq!(image.pixels, [0., 1., 2., 10., 11., 12.]);
    }

    #[test]
    fn sixteen_bits_are_scaled_to_eight() {
        let image = image::ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![65535, 257]).unwrap();
        let image = decode(&encode(image.into(), ImageFormat::Png), None).unwrap();
        assert_eq!(image.pixels, [255., 1.]);
    }

    #[test]
    fn a_jpeg_has_three_channels_and_can_be_made_grey() {
        let jpeg = encode(RgbImage::from_pixel(8, 8, Rgb([200, 100, 50])).into(), ImageFormat::Jpeg);
        let colors = decode(&jpeg, None).unwrap();
        assert_eq!((colors.channels, colors.pixels.len()), (3, 192));
        assert!((colors.pixels[0] - 200.0).abs() < 4.0);
        let grey = decode(&jpeg, Some(1)).unwrap();
        assert_eq!(grey.pixels.len(), 64);
        assert!((grey.pixels[0] - (0.2126 * 200. + 0.7152 * 100. + 0.0722 * 50.)).abs() < 4.0);
    }

    #[test]
    fn channels_convert_both_ways() {
        assert_eq!(convert_channels(vec![7., 9.], 2, 4), [7., 7., 7., 9.]);
        assert_eq!(convert_channels(vec![7.], 1, 4), [7., 7., 7., 255.]);
        assert_eq!(convert_channels(vec![1., 2., 3., 4.], 4, 3), [1., 2., 3.]);
        assert_eq!(convert_channels(vec![8., 8., 8.], 3, 2), [8., 255.]);
    }

    #[test]
    fn broken_files_are_errors() {
        let good = png(20, 20, |x, y| (x * y) as u8);
        for length in 0..good.len() {
            let _ = decode(&good[..length], None).map_err(|cause| assert!(!cause.is_empty()));
        }
        assert_eq!(decode(b"GIF89a....", None).unwrap_err(), "it is neither PNG nor JPEG");
        assert_eq!(decode(b"", None).unwrap_err(), "it is empty");
        assert!(decode(&good[..good.len() / 2], None).is_err());
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // An IHDR of 60,000 × 60,000 pixels and nothing behind it.
        let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bomb.extend(60_000u32.to_be_bytes());
        bomb.extend(60_000u32.to_be_bytes());
        bomb.extend([8, 0, 0, 0, 0]);
        let check = bomb[12..].iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
        });
        bomb.extend((!check).to_be_bytes());
        bomb.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        let cause = decode(&bomb, None).unwrap_err();
        assert!(cause.contains("more than"), "{cause}");
    }
}
