"""Image files as arrays: their colours as they are, or a sentence that names the file."""

import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images.loading import load_image, load_images, open_image, report_constant

NOISE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
COLOURS = np.array([[[250, 20, 30], [10, 240, 60]], [[0, 0, 0], [255, 255, 255]]], np.uint8)


@pytest.mark.parametrize("name", ["image.png", "image.bmp", "image.tif", "image.ppm"])
def test_colours_are_read_as_they_are(name, tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / name)
    found = load_image(tmp_path / name, 2)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, COLOURS)


def test_grey_images_get_three_equal_channels(tmp_path):
    grey = np.array([[0, 80], [160, 255]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(
        load_image(tmp_path / "grey.png", 2), grey[..., None].repeat(3, 2)
    )


@pytest.mark.parametrize("name", ["image.png", "image.webp", "image.tif"])
def test_what_is_transparent_lies_on_white(name, tmp_path):
    alpha = np.array([[[255], [0]], [[128], [1]]], np.uint8)
    image = Image.fromarray(np.concatenate([COLOURS, alpha], 2), "RGBA")
    image.save(tmp_path / name, **({"lossless": True, "exact": True} if "webp" in name else {}))
    opacity = alpha / 255
    expected = COLOURS * opacity + 255 * (1 - opacity)
    assert np.abs(load_image(tmp_path / name, 2) - expected).max() <= 1
    np.testing.assert_array_equal(load_image(tmp_path / name, 2)[0], [COLOURS[0, 0], [255] * 3])


def test_a_transparent_colour_of_a_palette_or_of_plain_pixels_lies_on_white(tmp_path):
    grey = np.array([[0, 80], [80, 255]], np.uint8)
    expected = np.array([[0, 255], [255, 255]], np.uint8)[..., None].repeat(3, 2)
    palette = Image.fromarray(grey).convert("P")
    for name, image, colour in (
        ("l.png", Image.fromarray(grey), 80),
        ("rgb.png", Image.fromarray(grey).convert("RGB"), (80, 80, 80)),
        ("p.png", palette, palette.getpixel((1, 0))),
        ("p.gif", palette, palette.getpixel((1, 0))),
    ):
        image.save(tmp_path / name, transparency=colour)
        np.testing.assert_array_equal(load_image(tmp_path / name, 2), expected, err_msg=name)


def test_grey_with_transparency_lies_on_white(tmp_path):
    pixels = np.array([[[0, 255], [80, 0]], [[80, 255], [0, 128]]], np.uint8)
    Image.fromarray(pixels, "LA").save(tmp_path / "la.png")
    expected = np.array([[0, 255], [80, 127]], np.uint8)[..., None].repeat(3, 2)
    np.testing.assert_array_equal(load_image(tmp_path / "la.png", 2), expected)


def test_an_opaque_image_with_transparency_is_the_one_without(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "rgb.png")
    Image.fromarray(NOISE).convert("RGBA").save(tmp_path / "rgba.png")
    np.testing.assert_array_equal(
        load_image(tmp_path / "rgba.png", 7), load_image(tmp_path / "rgb.png", 7)
    )


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [(mode, suffix) for mode in ("RGB", "L", "1", "CMYK") for suffix in ("jpg", "tif")]
    + [(mode, suffix) for mode in ("RGB", "L", "1", "P") for suffix in ("png", "gif")],
)
def test_an_image_without_transparency_is_as_pillow_converts_and_resizes_it(mode, suffix, tmp_path):
    Image.fromarray(NOISE).convert(mode).save(tmp_path / f"image.{suffix}")
    image = Image.open(tmp_path / f"image.{suffix}")
    expected = image.convert("RGB").resize((9, 9), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(load_image(tmp_path / f"image.{suffix}", 9), np.asarray(expected))


@pytest.mark.parametrize(
    "content",
    [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", b"%PDF-1.4\n"],
    ids=["PostScript", "PDF"],
)
def test_a_picture_by_its_suffix_alone_is_not_given_to_an_interpreter(content, tmp_path):
    (tmp_path / "image.png").write_bytes(content)
    with pytest.raises(InputError, match=r"image\.png cannot be read \(cannot identify"):
        load_image(tmp_path / "image.png", 9)


def test_printing_colours_are_converted(tmp_path):
    # no ink is white, full black ink is black, full cyan has no red
    inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0]]], np.uint8).repeat(3, 0)
    Image.fromarray(inks, "CMYK").save(tmp_path / "cmyk.tif")
    expected = np.array([[[255, 255, 255], [0, 0, 0], [0, 255, 255]]]).repeat(3, 0)
    np.testing.assert_array_equal(load_image(tmp_path / "cmyk.tif", 3), expected)
    # a JPEG holds them inverted
    Image.fromarray(inks.repeat(8, 0).repeat(8, 1), "CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    found = load_image(tmp_path / "cmyk.jpg", 24)[4::8, 4::8].astype(int)
    assert np.abs(found - expected).max() <= 3


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA"])
def test_black_and_white_survive_every_mode(mode, tmp_path):
    half = np.zeros((4, 4, 3), np.uint8)
    half[:, 2:] = 255
    Image.fromarray(half).convert(mode).save(tmp_path / "image.png")
    np.testing.assert_array_equal(load_image(tmp_path / "image.png", 4), half)


# ---- more than 8 bits a channel -----------------------------------------------------------------

DEEP = np.random.default_rng(1).integers(0, 65536, (4, 4, 4), dtype=np.uint16)


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel (PNG specification, sections 5.2 and 11.2.2): Pillow writes none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    height, width, channels = pixels.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def refused(path: Path, bits: str) -> None:
    """The image is refused with the number of its bits and what to do."""
    words = rf"{path.name} has more than 8 bits a channel \((?:{bits})\); convert it to 8 bits, with the"
    with pytest.raises(InputError, match=words):
        load_image(path, 4)


@pytest.mark.parametrize("channels", [1, 2, 3, 4], ids=["L", "LA", "RGB", "RGBA"])
def test_a_png_of_16_bits_is_refused_and_not_cut_to_8(channels, tmp_path):
    (tmp_path / "deep.png").write_bytes(png_bytes(DEEP[..., :channels]))
    refused(tmp_path / "deep.png", "16")


@pytest.mark.parametrize(("letters", "channels"), [("P5", 1), ("P6", 3)])
@pytest.mark.parametrize(("white", "bits"), [(65535, "16|mode I"), (1023, "10|mode I")])
def test_a_ppm_or_pgm_of_two_bytes_a_channel_is_refused(letters, channels, white, bits, tmp_path):
    pixels = (DEEP[..., :channels].astype(int) % (white + 1)).astype(">u2").tobytes()
    (tmp_path / "deep.ppm").write_bytes(f"{letters}\n4 4\n{white}\n".encode() + pixels)
    refused(tmp_path / "deep.ppm", bits)


def test_a_plain_ppm_of_two_bytes_a_channel_is_refused(tmp_path):
    (tmp_path / "plain.ppm").write_text("P3 1 1 1023  1023 500 0\n")
    refused(tmp_path / "plain.ppm", "10")


@pytest.mark.parametrize("white", [1, 15, 100])
def test_a_ppm_of_fewer_values_reaches_from_black_to_white(white, tmp_path):
    grey = np.array([[0, white], [white, 0]], np.uint8)
    (tmp_path / "grey.pgm").write_bytes(f"P5\n2 2\n{white}\n".encode() + grey.tobytes())
    expected = (grey[..., None].repeat(3, 2) // white) * 255
    np.testing.assert_array_equal(load_image(tmp_path / "grey.pgm", 2), expected)


def test_a_bitmap_of_netpbm_is_black_where_it_has_ones(tmp_path):
    (tmp_path / "bits.pbm").write_text("P1 2 2\n1 0 0 1\n")
    found = load_image(tmp_path / "bits.pbm", 2)
    np.testing.assert_array_equal(found[..., 0], [[0, 255], [255, 0]])


@pytest.mark.parametrize(
    ("pixels", "bits", "options"),
    [
        (DEEP[..., :1], "16", {"photometric": "minisblack"}),
        (DEEP[..., :3], "16", {"photometric": "rgb"}),
        (DEEP[..., :3], "16", {"photometric": "rgb", "compression": "zlib"}),
        (DEEP, "16", {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        (DEEP, "16", {"photometric": "separated"}),
        (
            DEEP[..., :3].transpose(2, 0, 1),
            "16",
            {"photometric": "rgb", "planarconfig": "separate"},
        ),
        (DEEP[..., 0].astype(np.int16), "16", {}),
        (DEEP[..., 0].astype(np.uint32), "32", {}),
        (DEEP[..., 0].astype(np.int32), "32", {}),
        (DEEP[..., 0].astype(np.float32), "32", {}),
    ],
    ids=["grey", "rgb", "zlib", "rgba", "cmyk", "planes", "int16", "uint32", "int32", "float32"],
)
def test_a_tiff_of_more_than_8_bits_is_refused_and_not_clipped_to_white(
    pixels, bits, options, tmp_path
):
    tifffile.imwrite(tmp_path / "deep.tif", np.ascontiguousarray(pixels), **options)
    refused(tmp_path / "deep.tif", bits)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_a_tiff_of_numbers_that_pillow_does_not_know_is_named(dtype, tmp_path):
    tifffile.imwrite(tmp_path / "deep.tif", DEEP[..., 0].astype(dtype))
    with pytest.raises(InputError, match=r"deep\.tif cannot be read \(.*\); replace it"):
        load_image(tmp_path / "deep.tif", 4)


def test_pixels_with_a_sign_are_refused_and_not_read_without_it(tmp_path):
    tifffile.imwrite(tmp_path / "signed.tif", np.arange(-8, 8, dtype=np.int8).reshape(4, 4))
    with pytest.raises(InputError, match=r"signed\.tif has pixels with a sign; convert it to 8"):
        load_image(tmp_path / "signed.tif", 4)


def test_numbers_with_a_point_of_netpbm_are_refused(tmp_path):
    (tmp_path / "grey.ppm").write_bytes(b"Pf\n2 2\n-1.0\n" + bytes(16))
    refused(tmp_path / "grey.ppm", "mode F")


def test_a_picture_of_avif_is_read(tmp_path):
    smooth = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "image.avif", quality=100)
    found = load_image(tmp_path / "image.avif", 32).astype(int)
    assert np.abs(found - smooth).max() <= 8


def test_a_picture_of_avif_with_10_bits_is_rounded_to_8(tmp_path):
    cv2 = pytest.importorskip("cv2")
    ramp = np.linspace(0, 1023, 64 * 64).reshape(64, 64, 1).repeat(3, 2).astype(np.uint16)
    best = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    assert cv2.imwrite(str(tmp_path / "ten.avif"), ramp, best)
    found = load_image(tmp_path / "ten.avif", 64)
    assert np.abs(found / 255 - ramp / 1023).max() < 0.6 / 255


# ---- animations, and files with several pictures ------------------------------------------------


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif", "avif"])
def test_of_several_pictures_the_first_is_read(suffix, tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    frames[0].save(tmp_path / f"two.{suffix}", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / f"two.{suffix}") as image:
        assert image.n_frames == 2
    found = load_image(tmp_path / f"two.{suffix}", 4).astype(int)
    assert np.abs(found - [255, 0, 0]).max() <= 3


def test_two_pictures_of_one_camera_in_a_jpeg_are_the_first(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    frames[0].save(tmp_path / "two.jpg", "MPO", save_all=True, append_images=frames[1:])
    assert np.abs(load_image(tmp_path / "two.jpg", 4).astype(int) - [255, 0, 0]).max() <= 3


# ---- sizes and orientation ----------------------------------------------------------------------


def test_an_image_is_resized_to_a_square_without_cropping(tmp_path):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, :20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    found = load_image(tmp_path / "wide.png", 20)
    assert found.shape == (20, 20, 3)
    # all of its width is there: the edge of the left half is in the middle
    assert (found[:, :9] == 200).all()
    assert (found[:, 11:] == 0).all()


def test_an_image_is_turned_upright_by_its_exif_tag(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that a quarter turn clockwise is needed
    Image.fromarray(COLOURS).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "turned.png", 2), np.rot90(COLOURS, -1))


# value of the tag Orientation → what a viewer does with the pixels (EXIF 2.32, 4.6.4)
TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_every_orientation_is_set_upright_once(suffix, turn, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(NOISE[:5]).save(tmp_path / f"turned.{suffix}", exif=exif, **options)
    found = np.asarray(open_image(tmp_path / f"turned.{suffix}"))
    np.testing.assert_array_equal(found, TURNS[turn](NOISE[:5]))


def exif_of(*tags: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of tags as (tag, type, count, value), little-endian (TIFF 6.0, section 2)."""
    values, start = b"", 8 + 2 + 12 * len(tags) + 4
    entries = struct.pack("<H", len(tags))
    for tag, kind, count, value in tags:
        entries += struct.pack("<HHI", tag, kind, count)
        entries += (
            value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", start + len(values))
        )
        values += value if len(value) > 4 else b""
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries + bytes(4) + values


QUARTER = (0x0112, 3, 1, struct.pack("<H", 6))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    "odd",
    [
        (0x011A, 2, 6, b"300dpi"),  # the resolution as a text
        (0x0103, 9, 1, struct.pack("<i", -5)),
        (0x011A, 12, 1, struct.pack("<d", np.nan)),
        (0x011A, 11, 1, struct.pack("<f", np.inf)),
        (0x011A, 5, 1, struct.pack("<II", 5, 0)),
        (0x8769, 4, 1, struct.pack("<I", 3)),  # a folder of tags that lies nowhere
        (0x8825, 4, 1, struct.pack("<I", 99_999)),
        (0x9999, 99, 1, b"?"),
    ],
    ids=["text", "negative", "nan", "inf", "zero", "inside", "outside", "unknown"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_an_odd_tag_beside_the_orientation_does_no_harm(odd, suffix, tmp_path):
    path = tmp_path / f"odd.{suffix}"
    Image.new("RGB", (16, 8)).save(path, exif=exif_of(*sorted([QUARTER, odd])))
    assert open_image(path).size == (8, 16)


@pytest.mark.parametrize(
    "tag",
    [
        (0x0112, 3, 1, struct.pack("<H", 9)),
        (0x0112, 3, 0, b""),
        (0x0112, 2, 2, b"6\0"),
        (0x0112, 9, 1, struct.pack("<i", -6)),
        (0x0112, 11, 1, struct.pack("<f", np.nan)),
        (0x0112, 5, 1, struct.pack("<II", 6, 0)),
        (0x0112, 7, 4, b"\6\6\6\6"),
    ],
    ids=["nine", "none", "text", "negative", "nan", "zero", "bytes"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_an_orientation_that_is_none_leaves_the_image_as_it_lies(tag, tmp_path):
    Image.new("RGB", (16, 8)).save(tmp_path / "odd.jpg", exif=exif_of(tag))
    assert open_image(tmp_path / "odd.jpg").size == (16, 8)


def test_exif_that_is_none_is_logged_and_the_image_read_as_it_lies(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    Image.fromarray(NOISE).save(tmp_path / "odd.png", exif=b"Exif\0\0no TIFF")
    np.testing.assert_array_equal(load_image(tmp_path / "odd.png", 12), NOISE)
    (line,) = caplog.messages
    assert "odd.png: its EXIF cannot be read (not a TIFF file" in line
    assert line.endswith("; it is taken as it lies")


@pytest.mark.parametrize("size", [(1, 50), (50, 1), (1, 1), (2000, 1)])
def test_a_line_of_pixels_is_an_image(size, tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "line.png")
    found = load_image(tmp_path / "line.png", 8)
    assert found.shape == (8, 8, 3)
    # nothing varies across the line
    if size[0] == 1:
        assert (found == found[:, :1]).all()


def test_images_are_loaded_in_their_order(tmp_path):
    paths = [str(tmp_path / f"{value}.png") for value in (9, 3, 200)]
    for path in paths:
        Image.new("RGB", (4, 4), (int(Path(path).stem),) * 3).save(path)
    found = load_images(paths, 5)
    assert found.shape == (3, 5, 5, 3)
    assert found.dtype == np.uint8
    assert found[:, 2, 2, 1].tolist() == [9, 3, 200]


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.png is missing; put it back"):
        load_image(tmp_path / "absent.png", 4)


def test_a_link_to_an_image_that_is_gone_is_named(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(InputError, match=r"link\.png is missing"):
        load_image(tmp_path / "link.png", 4)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp", "ppm"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_truncated_image_is_named_wherever_its_header_is_cut(suffix, tmp_path):
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(NOISE).save(path)
    whole = path.read_bytes()
    for length in range(min(40, len(whole) // 2)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=rf"cut\.{suffix} cannot be read \(.*\); replace it"):
            load_image(path, 4)


@pytest.mark.parametrize(
    ("name", "options"),
    [("jpg", {}), ("jpg", {"progressive": True}), ("tif", {"compression": "tiff_lzw"})]
    + [(suffix, {}) for suffix in ("png", "webp", "avif", "gif", "tif", "bmp", "ppm")],
)
def test_a_truncated_image_is_refused_or_whole(name, options, tmp_path):
    path = tmp_path / f"cut.{name}"
    Image.fromarray(NOISE.repeat(4, 0).repeat(4, 1)).save(path, **options)
    whole, expected, refusals = path.read_bytes(), load_image(path, 48), 0
    for length in {*range(40, len(whole), len(whole) // 40), len(whole) - 1}:
        path.write_bytes(whole[:length])
        try:
            # what comes behind the pixels is not missed
            np.testing.assert_array_equal(load_image(path, 48), expected)
        except InputError:
            refusals += 1
    assert refusals >= 35


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"P6\n1x 16\n255\n" + bytes(48),  # Pillow raises a ValueError
        # a bitmap that says it is 100,000 pixels wide and high: Pillow's decompression bomb
        b"BM"
        + bytes(8)
        + b"\x36\0\0\0\x28\0\0\0"
        + 2 * (100_000).to_bytes(4, "little")
        + b"\x01\0\x18\0"
        + bytes(24),
    ],
)
def test_garbage_is_named_whatever_pillow_makes_of_it(content, tmp_path):
    (tmp_path / "garbage.png").write_bytes(content)
    with pytest.raises(InputError, match=r"garbage\.png cannot be read \(.*\); replace it"):
        load_image(tmp_path / "garbage.png", 4)


def test_all_bad_images_are_named_at_once(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"garbage")
    Image.fromarray(NOISE).save(tmp_path / "fine.png")
    paths = [tmp_path / name for name in ("fine.png", "broken.png", "absent.png")]
    with pytest.raises(
        InputError, match=r"broken\.png cannot be read.*; .*absent\.png is missing"
    ) as e:
        load_images([str(path) for path in paths], 4)
    assert "fine.png" not in str(e.value)


def test_images_of_one_colour_are_warned_of_by_name(caplog):
    caplog.set_level(logging.WARNING)
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 3, 3), dtype=np.uint8)
    images[1] = (7, 8, 9)
    images[3] = 255
    report_constant(images, ["a", "b", "c", "d"])
    assert caplog.messages == [
        "b, d: an image of one colour; maps that come out blank are left out"
    ]


def test_images_with_any_difference_are_not_warned_of(caplog):
    caplog.set_level(logging.WARNING)
    images = np.full((3, 2, 2, 3), 100, np.uint8)
    for channel in range(3):
        images[channel, 1, 1, channel] = 101
    report_constant(images, ["a", "b", "c"])
    assert caplog.messages == []
