using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>The bytes of one file: mapped from the disk, or an array that stays where it is.</summary>
/// <remarks>A mapped file that another program shortens while it is open faults on access, in this library as in any other; do not write into a model in use.</remarks>
internal sealed unsafe partial class GgufImage : IDisposable
{
    /// <summary>The advice "not needed for now" of Linux's memory management (MADV_DONTNEED in its interface, b).</summary>
    private const int AdviseNotNeeded = 4;

    private readonly MemoryMappedFile? _file;
    private readonly SafeMemoryMappedViewHandle? _view;
    private readonly byte* _start;
    private GCHandle _pin;
    private bool _isDisposed;

    private GgufImage(string name, MemoryMappedFile file, SafeMemoryMappedViewHandle view, long length)
    {
        Name = name;
        _file = file;
        _view = view;
        byte* start = null;
        view.AcquirePointer(ref start);
        _start = start;
        Length = length;
    }

    private GgufImage(string name, byte[] bytes)
    {
        Name = name;
        _pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        _start = (byte*)_pin.AddrOfPinnedObject();
        Length = bytes.Length;
    }

    /// <summary>As errors call it.</summary>
    public string Name { get; }

    public long Length { get; }

    /// <summary>The first byte.</summary>
    public byte* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _start;
        }
    }

    /// <exception cref="InputException">The file cannot be read.</exception>
    public static GgufImage Map(string path)
    {
        if (path.Length == 0) throw new InputException("the name of the model file is empty; name a GGUF file");
        if (Directory.Exists(path)) throw new InputException($"{path}: this is a directory; name a file in it");
        try
        {
            // Asked before the file is opened: to open a named pipe is to wait for its writer.
            if (new FileInfo(path) is { Exists: true, LinkTarget: null, Length: 0 }) throw Empty(path);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            long length = stream.Length;
            if (length == 0) throw Empty(path);
            MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            using MemoryMappedViewAccessor accessor = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            // The accessor would close its handle with itself; a reference keeps the view until this image goes.
            return new GgufImage(path, file, accessor.SafeMemoryMappedViewHandle, length);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such file", missing);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InputException($"{path}: the file cannot be read: {failure.Message.TrimEnd('.')}; check its permissions, or copy it to a local disk", failure);
        }
    }

    public static GgufImage Of(byte[] bytes, string name) => new(name, bytes);

    /// <summary>Lets the system take back the memory of a mapped range; it is read from the file again when it is touched.</summary>
    public void Release(long offset, long bytes)
    {
        // An array's memory has no file to come back from.
        if (_file is null || _isDisposed || !OperatingSystem.IsLinux()) return;
        long page = Environment.SystemPageSize;
        long first = ((long)_start + offset + page - 1) / page * page, end = ((long)_start + offset + bytes) / page * page;
        if (first < end) _ = Advise((void*)first, (nuint)(end - first), AdviseNotNeeded);
    }

    /// <remarks>There is no finalizer on purpose: spans and pointers into a map do not keep it alive, and a forgotten file is better than a vanished one.</remarks>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _view?.ReleasePointer();
        _file?.Dispose();
        if (_pin.IsAllocated) _pin.Free();
    }

    private static InputException Empty(string path) => new($"{path}: the file is empty or no ordinary file; a GGUF model is expected");

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
