namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Vector widths for which the lane kernels are compiled.</summary>
internal enum VectorWidth
{
    Bits128,
    Bits256,
    Bits512,
}

/// <summary>The element-wise operations of one vector width; <see cref="VectorMath"/> describes them.</summary>
internal abstract unsafe class VectorOperations
{
    private static readonly VectorOperations Narrow = new VectorOperations<LanePair<LanePair<Lanes128>>>();
    private static readonly VectorOperations Middle = new VectorOperations<LanePair<Lanes256>>();
    private static readonly VectorOperations Wide = new VectorOperations<Lanes512>();

    /// <summary>The vectors of the instruction set in use (<see cref="InstructionSets.Best"/>).</summary>
    public static VectorWidth BestWidth => InstructionSets.Best switch
    {
        InstructionSet.Avx512 => VectorWidth.Bits512,
        InstructionSet.Avx2 or InstructionSet.AvxVnni => VectorWidth.Bits256,
        _ => VectorWidth.Bits128,
    };

    public static VectorOperations For(VectorWidth width) => width switch
    {
        VectorWidth.Bits512 => Wide,
        VectorWidth.Bits256 => Middle,
        _ => Narrow,
    };

    public abstract void Exp(float* x, int count, float* y);

    public abstract void Tanh(float* x, int count, float* y);

    public abstract void Scale(float* x, int count, float factor, float* y);

    public abstract void SoftCap(float* x, int count, float cap, float* y);

    public abstract void Add(float* a, float* b, int count, float* y);

    public abstract void AddScaled(float* sum, float* x, float factor, int count, float* y);

    public abstract void Multiply(float* a, float* b, int count, float* y);

    public abstract void SiluMultiply(float* gate, float* up, int count, float* y);

    public abstract void GeluMultiply(float* gate, float* up, int count, float* y);

    public abstract float Dot(float* a, float* b, int count);

    public abstract float Largest(float* x, int count);

    public abstract void RmsNorm(float* x, float* weight, int count, float epsilon, float* y);

    public abstract void Softmax(float* x, int count, float* y);

    public abstract void WidenHalves(ushort* x, int count, float* y);

    public abstract void NarrowToHalves(float* x, int count, ushort* y);
}
