@COMMON@
;; With the pipe the watcher imports, in one undo step. Without it this does, in one more.
;; finished.lsp is a list of
;;   (job project manifest rate start end original ((place name) ...) (file ...))
;; numbers as text, so that no locale changes them.

(defun sb-mark (job) (sb-path "finished/" job ".done"))

;; Length of a path's folder, with the slash.
(defun sb-cut (path)
  (let ((place 0))
    (dotimes (i (length path) place)
      (when (char= (char path i) #\/) (setf place (1+ i))))))

(defun sb-folder-of (path) (subseq path 0 (sb-cut path)))
(defun sb-name-of (path) (subseq path (sb-cut path)))

(defun sb-same-tracks (originals)
  (let ((rows (aud-get-info "Tracks")) (same t))
    (dolist (original originals same)
      (let ((row (nth (first original) rows)))
        (unless (and row (string= (sb-field row 'name) (second original))) (setf same nil))))))

(defun sb-complete (row)
  (let ((there (sb-exists (third row))))
    (dolist (file (nth 8 row) there)
      (unless (sb-exists file) (setf there nil)))))

;; What stands against an import of this row: a sentence, or NIL.
(defun sb-obstacle (row)
  (cond ((not (sb-complete row)) "The stems of a job aren't on the disk any more.")
        ((and (string= (nth 6 row) "replace")
              (equal (car (aud-do "GetPreference: Name=\"/GUI/SyncLockTracks\"")) "1"))
         "Sync-Lock would move other tracks when the region is replaced: switch it off (Tracks > Sync-Lock Tracks).")
        ((not (sb-same-tracks (nth 7 row)))
         "The tracks have been moved or renamed since the request: see `stembridge audacity import`.")))

(defun sb-bring (row)
  (let ((before (get '*project* 'rate)) (rate (nth 3 row)) (original (nth 6 row))
        (count (length (aud-get-info "Tracks"))))
    (when (string/= original "leave")
      (sb-select-tracks (mapcar #'first (nth 7 row))))
    (when (string= original "mute")
      (aud-do "SetTrack: Mute=1"))
    (when (string= original "replace")
      (aud-do (format nil "SelectTime: Start=~a End=~a" (nth 4 row) (nth 5 row)))
      (aud-do "SplitDelete:"))
    (aud-do (format nil "SetProject: Rate=~a" rate))
    (sb-do-in (sb-folder-of (third row)) "Import2" (sb-name-of (third row)) "")
    (aud-do (format nil "SetProject: Rate=~a" (sb-number before)))
    (aud-do (format nil "SelectTime: Start=~a End=~a" (nth 4 row) (nth 5 row)))
    (> (length (aud-get-info "Tracks")) count)))

(defun sb-import ()
  (let ((done nil) (others nil) (troubles nil))
    (dolist (row (sb-read (sb-path "finished.lsp")))
      (unless (sb-exists (sb-mark (first row)))
        (if (string= (second row) (get '*project* 'name))
            (let ((why (sb-obstacle row)))
              (cond (why (setf troubles (cons why troubles)))
                    ((sb-bring row)
                     (sb-write (sb-mark (first row)) "imported")
                     (setf done (cons (sb-text (first row)) done)))
                    (t (setf troubles (cons "Audacity couldn't import the stems of a job." troubles)))))
            (setf others (cons (format nil "'~a'" (second row)) others)))))
    (when done
      (sb-request (sb-new-id) "import" (format nil ",\"done\":[~a]" (sb-join done ","))))
    (cond (troubles (sb-join (reverse troubles) "\n"))
          (done "")
          (others (format nil "Finished stems wait for another project: ~a." (sb-join (reverse others) ", ")))
          (t (sb-noted "No finished stems wait for this project.")))))

(sb-guarded
  (cond ((not (eq (sb-watcher) 'pipe)) (sb-import))
        ((sb-request (sb-new-id) "import" ",\"done\":[]") "")
        (t (sb-no-folder))))
