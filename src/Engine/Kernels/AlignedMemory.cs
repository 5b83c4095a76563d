using System.Runtime.InteropServices;

namespace Orrery.Engine.Kernels;

/// <summary>Memory outside the collected heap, aligned to cache lines; large pieces ask the system for huge pages.</summary>
internal sealed unsafe partial class AlignedMemory : IDisposable
{
    public const int LineBytes = 64;

    /// <summary>A huge page of x86 and Arm systems.</summary>
    private const int HugePageBytes = 2 << 20;

    /// <summary>The advice "use huge pages here" of Linux's memory management (MADV_HUGEPAGE in its interface, b).</summary>
    private const int AdviseHugePages = 14;

    private byte* _start;

    /// <param name="bytes">Bytes wanted; they are not cleared.</param>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ByteCount = bytes;
        bool isLarge = bytes >= HugePageBytes;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), (nuint)(isLarge ? HugePageBytes : LineBytes));
        // A walk through a gigabyte of weights in small pages misses the address cache at every 4 KiB.
        if (isLarge && OperatingSystem.IsLinux()) _ = Advise(_start, (nuint)bytes, AdviseHugePages);
        GC.AddMemoryPressure(Math.Max(bytes, 1));
    }

    ~AlignedMemory() => Release();

    public long ByteCount { get; }

    public byte* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(_start is null, this);
            return _start;
        }
    }

    /// <summary>The next multiple of a cache line.</summary>
    public static long RoundUp(long bytes) => (bytes + LineBytes - 1) / LineBytes * LineBytes;

    public void Clear() => NativeMemory.Clear(Start, (nuint)ByteCount);

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_start is null) return;
        NativeMemory.AlignedFree(_start);
        _start = null;
        GC.RemoveMemoryPressure(Math.Max(ByteCount, 1));
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
