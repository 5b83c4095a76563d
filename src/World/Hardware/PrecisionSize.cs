namespace Orrery.World.Hardware;

/// <summary>Stored sizes of number formats.</summary>
public static class PrecisionSize
{
    /// <summary>Bytes of one number, scales left out.</summary>
    public static double Bytes(Precision precision) => precision switch
    {
        Precision.Fp32 => 4,
        Precision.Bf16 or Precision.Fp16 => 2,
        Precision.Fp8 or Precision.Int8 => 1,
        _ => 0.5,
    };
}
