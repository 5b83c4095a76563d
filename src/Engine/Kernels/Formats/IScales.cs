using Orrery.Engine.Kernels.Instructions;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>How the scales of a tile are packed: weight = scale × (code − offset) + minimum.</summary>
internal unsafe interface IScales
{
    /// <summary>Blocks that are described together: 1, or the 8 of a super-block.</summary>
    static abstract int UnitBlocks { get; }

    /// <summary>Bytes that describe one unit of a tile.</summary>
    static abstract int UnitBytes { get; }

    /// <summary>Whether each half of a block (16 columns) has a scale of its own.</summary>
    static abstract bool HasHalves { get; }

    /// <summary>Whether a minimum is stored. If not, codes are centred: the offset is half their range.</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>The scale of each row.</summary>
    /// <param name="unit">The unit's description.</param>
    /// <param name="part">Which block of the unit, or which half of a block.</param>
    /// <param name="row">First row of the vector within the tile.</param>
    static abstract TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct;

    /// <summary>What is added to every weight of the part.</summary>
    static abstract TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct;

    /// <summary>Packs the description of one row.</summary>
    static abstract void Pack(in UnitScales scales, byte* unit, int row);
}
