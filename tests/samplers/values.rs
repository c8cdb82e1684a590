//! The first draws of every distribution and stream method, to the last bit. A change here changes
//! every result of every model: it needs a reason and a line in the changelog.

use crate::dists;
use capsim::engine::stream::{Stream, stream_number};

/// Name and the bits of the first eight draws from the stream (seed 42, replication 7, that name).
#[rustfmt::skip]
const DRAWS: [(&str, [u64; 8]); 20] = [
    ("bits", [
        0x01f6_04e5_d4d1_425d, 0x95fa_3427_e864_6758, 0x1b55_fc61_66a3_7eca, 0x2bf5_0242_3bda_195f,
        0xca16_0b09_db2d_da52, 0x096b_5bda_2147_bc50, 0x1ee2_978a_2e9a_6564, 0x71b0_2d9a_d505_1a5f,
    ]),
    ("below_1000", [
        0x0000_0000_0000_0111, 0x0000_0000_0000_0163, 0x0000_0000_0000_02b1, 0x0000_0000_0000_02ae,
        0x0000_0000_0000_02aa, 0x0000_0000_0000_004e, 0x0000_0000_0000_02a9, 0x0000_0000_0000_0125,
    ]),
    ("stream_exponential", [
        0x4005_2386_d567_546d, 0x3ffa_7b81_ae37_b7cf, 0x4004_dd80_3c2a_f65f, 0x3ff3_86c2_2232_e964,
        0x3fb2_803f_5bfc_f720, 0x3f66_1f43_4dcf_dca9, 0x3fef_919d_5d0b_03d0, 0x3fb0_ff8b_0910_bb2b,
    ]),
    ("stream_normal", [
        0xbfe4_6d1f_f9c9_129f, 0x3fff_e855_2c91_3ea0, 0xbff1_5b71_41dd_0784, 0x3ff8_b1b7_34b7_b54c,
        0x3ff0_1fda_b50a_2f8e, 0xbfd3_4fb0_8811_c4b7, 0x3ff0_e01d_c455_e313, 0xbfce_00b3_cadb_87a3,
    ]),
    ("uniform", [
        0x4012_a824_ce38_664f, 0x400f_6147_f22b_5e7e, 0x4011_f182_4df9_098a, 0x4011_9f4a_ea21_2bfe,
        0x4013_3c13_c8e9_d8b2, 0x400e_63dc_3c8a_1546, 0x4004_dde9_f665_a779, 0x4010_3597_e18e_4570,
    ]),
    ("exponential", [
        0x400d_af93_ca55_3c8e, 0x3ff7_9f83_31a8_6692, 0x4002_a072_c3e7_b46c, 0x3feb_9043_7f65_e4a6,
        0x3fdf_b286_4b90_75b0, 0x4014_cd90_9bec_f8ac, 0x400c_7a35_72ee_5922, 0x3ffa_b7a3_beb4_061d,
    ]),
    ("erlang_2", [
        0x4017_f639_d6f5_2196, 0x3ffe_8f88_b63d_e588, 0x402a_be27_cd93_7790, 0x4014_bfe4_9068_7fd1,
        0x401b_8c6a_58a5_2b48, 0x4000_ca1b_2826_c864, 0x3ff6_993e_290a_2620, 0x3ff6_fbe6_811e_28ed,
    ]),
    ("erlang_9", [
        0x4000_4117_6a1b_d87e, 0x4008_03ab_5bc1_bc96, 0x4009_7118_08d9_70d4, 0x4002_62bc_08a4_0b9c,
        0x4009_173b_5468_6a01, 0x400f_bd81_d66b_88c8, 0x4008_cc2d_d4ca_f0cd, 0x4006_c993_4c7d_7ffe,
    ]),
    ("gamma_below_1", [
        0x3fc5_59b5_8787_f8c1, 0x3f93_9d27_987b_6180, 0x3fe9_ee48_29ef_2bbb, 0x4009_16b0_e7ed_c22a,
        0x3fc6_6cef_3772_c89d, 0x4001_24cc_2efb_9d39, 0x3f0b_5623_76fe_b9da, 0x3fd0_16d1_32be_83c9,
    ]),
    ("gamma_above_1", [
        0x4003_7be1_e0a3_75cf, 0x401d_05e9_f83c_0a17, 0x4011_b31d_396d_5230, 0x401c_fb95_762e_8412,
        0x4007_4f95_8085_81d2, 0x402b_7cfb_33cf_b31d, 0x402a_3638_e98e_bee2, 0x401e_6236_11ca_5dfa,
    ]),
    ("lognormal", [
        0x4007_9418_58d9_fc06, 0x3ffc_dd41_3073_6ac7, 0x3ffd_ad58_fbf1_b0a0, 0x3fea_4804_dcfe_1430,
        0x3ff2_45d0_d112_51b6, 0x400f_c8ab_1eef_e358, 0x3ff8_3be8_721d_71e4, 0x3ffc_6bad_e76b_9f95,
    ]),
    ("weibull_heavy", [
        0x3fef_48b6_76f4_6af1, 0x4002_02ef_f7bf_6150, 0x3fd2_7dcb_60b7_bf79, 0x3ffb_2a2d_b3b7_b146,
        0x3fee_5d13_2d3a_c6fd, 0x3ff5_2c34_5829_03bc, 0x3ffc_4e90_a793_86a2, 0x3fe5_c7a3_e348_182d,
    ]),
    ("weibull_light", [
        0x4002_84fa_355d_c42a, 0x4001_4095_ef49_b76d, 0x4001_d4c2_1b8e_7682, 0x3ff6_9482_b427_2445,
        0x3ff7_e1b4_8b50_de10, 0x4003_392a_95c1_77c3, 0x3ffd_7df3_82e9_965f, 0x3ff6_4e31_6080_ad17,
    ]),
    ("pareto", [
        0x4000_c5b2_f3dd_d319, 0x4007_071c_7b49_9e6b, 0x4002_3e49_47a9_87bf, 0x4000_9731_0b11_fd06,
        0x4001_f10d_f6b0_f8dd, 0x4013_ce8d_7f1d_4909, 0x4001_ef82_105b_5822, 0x4003_0fae_0ab3_3c20,
    ]),
    ("truncated_pareto", [
        0x4016_30db_3003_ab34, 0x4000_c2c3_ad04_85b9, 0x4000_3508_d533_a92f, 0x4000_8e0a_cd2b_8a01,
        0x4021_0a8f_a92d_a34f, 0x4019_1994_c7bf_0038, 0x401a_c962_0554_d9f0, 0x400a_da61_e1fd_1e94,
    ]),
    ("hyperexponential", [
        0x3ff4_11fa_f711_b247, 0x3fe1_44d8_a7d7_420a, 0x3ff8_68c7_52ac_f5ba, 0x3ff5_5e6d_b35d_c584,
        0x3ff0_e865_9e14_6cc5, 0x4032_b3ad_fe5b_6c4d, 0x3fc0_27c6_1e5d_6291, 0x4005_7072_4b90_7638,
    ]),
    ("mixture", [
        0x4007_0815_dd72_aea9, 0x3ffe_d57e_254f_e7d8, 0x401b_96c8_e33c_9126, 0x4000_3fe1_11e5_41bc,
        0x3ff5_589f_8b12_6d44, 0x4027_d7f0_e013_ad4c, 0x3fef_7036_a60e_92b9, 0x3fb1_a274_13e0_fc38,
    ]),
    ("empirical", [
        0x408a_4800_0000_0000, 0x4079_0000_0000_0000, 0x40a2_0000_0000_0000, 0x4094_4000_0000_0000,
        0x4091_0400_0000_0000, 0x4083_8800_0000_0000, 0x4090_0000_0000_0000, 0x408c_2000_0000_0000,
    ]),
    ("empirical_interpolated", [
        0x4070_1bc0_56f5_3f5c, 0x4088_5f14_52e8_52c4, 0x409e_ab7b_2cef_bda1, 0x4034_1396_b6dd_73d9,
        0x4054_e873_1c6e_c3cd, 0x405a_286c_a452_978e, 0x4096_d5ea_0eee_1ced, 0x4078_e7e3_a75a_2644,
    ]),
    ("shifted", [
        0x4012_2ccd_4c90_e361, 0x401d_9ae6_670b_d412, 0x401e_02a4_42fb_92f5, 0x4017_bed5_5b23_a914,
        0x4010_8c26_914f_cb5a, 0x4023_2f61_8c31_9cb3, 0x401e_a917_cb66_60af, 0x401b_137c_4362_cf9a,
    ]),
];

fn methods(name: &str) -> Option<fn(&mut Stream) -> u64> {
    Some(match name {
        "bits" => Stream::bits,
        "below_1000" => |stream| stream.below(1000),
        "stream_exponential" => |stream| stream.exponential().to_bits(),
        "stream_normal" => |stream| stream.normal().to_bits(),
        _ => return None,
    })
}

fn draws(name: &str) -> [u64; 8] {
    let mut stream = Stream::new(42, 7, name);
    if let Some(method) = methods(name) {
        return std::array::from_fn(|_| method(&mut stream));
    }
    let dist = dists::all().into_iter().find(|(other, _)| *other == name);
    let (_, dist) = dist.expect("a name of dists::all");
    std::array::from_fn(|_| dist.sample(&mut stream).to_bits())
}

#[test]
fn draws_are_stable() {
    for (name, expected) in DRAWS {
        let got = draws(name);
        assert_eq!(got, expected, "{name} gives {got:#018x?}");
    }
}

#[test]
fn every_distribution_is_listed() {
    for (name, _) in dists::all() {
        assert!(DRAWS.iter().any(|(listed, _)| *listed == name), "{name}");
    }
}

#[test]
fn rare_branches_are_stable() {
    // The digest covers the ziggurats' wedges and tails, which eight draws seldom reach.
    let digest = |method: fn(&mut Stream) -> f64| {
        let mut stream = Stream::new(42, 7, "digest");
        (0..1_000_000).fold(0_u64, |digest, _| {
            (digest ^ method(&mut stream).to_bits()).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    assert_eq!(digest(Stream::exponential), EXPONENTIALS);
    assert_eq!(digest(Stream::normal), NORMALS);
}

/// Digests of a million draws.
const EXPONENTIALS: u64 = 1_454_136_763_216_943_201;
const NORMALS: u64 = 8_662_166_331_244_801_127;

#[test]
fn stream_numbers_are_stable() {
    assert_eq!(stream_number("stations.cpu.service"), 0x8f1b_6501_727b_1e50);
}
