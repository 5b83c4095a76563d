namespace Orrery.Engine.Kernels.Formats;

/// <summary>Scales of one row's unit as files give them: one or two half-precision factors, and for super-blocks a small integer per part.</summary>
internal unsafe struct UnitScales
{
    /// <summary>Half-precision factor of the scales.</summary>
    public ushort Factor;

    /// <summary>Half-precision factor of the minima, with the sign that makes them terms to add.</summary>
    public ushort MinimumFactor;

    /// <summary>Integer scale of each part; signed where the format is.</summary>
    public fixed byte Scales[16];

    /// <summary>Integer minimum of each part.</summary>
    public fixed byte Minima[16];
}
