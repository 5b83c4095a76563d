using Orrery.Engine.Kernels.Instructions;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>How the codes (unsigned integers of a few bits) of a block of 32 columns by 16 rows are packed in lines of 64 bytes.</summary>
internal unsafe interface IPlanes
{
    /// <summary>Bits of a code.</summary>
    static abstract int Bits { get; }

    /// <summary>Bytes of one block.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>The codes of pairs 4 <paramref name="group"/> to 4 <paramref name="group"/> + 3, as 16-bit numbers.</summary>
    /// <param name="block">The block's planes, advanced by four bytes for each row before the vector's first.</param>
    /// <param name="group">0 to 3; a constant at the call, so that shifts are immediate.</param>
    static abstract void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct;

    /// <summary>Packs the 32 codes of one row into the block.</summary>
    static abstract void Pack(byte* codes, byte* block, int row);
}
